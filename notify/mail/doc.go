// Package mail sends by mail what notify has to tell.
//
// A message is text alone: it reads the same in every client, on every phone and in every
// archive, and nothing in it can be clicked, loaded or run that is not an address people see. It is encoded as
// quoted-printable, so that every server takes it and no line is too long (RFC 5321 section 4.5.3.1.6).
//
// Its Message-ID follows from the key of the message, so that what is sent twice is one and the
// same to who receives it; everything about an incident refers to its first message, and is
// one thread. Auto-Submitted (RFC 3834) keeps people's absences from answering, and List-Id (RFC 2919) and
// X-Sonde-… headers are for filters.
//
// Mail is taken for good when the server has taken it. Some servers take it for some people and
// not for others: for whom it is refused is named in the log; for whom it is to be tried again later it
// is, for ten minutes, and the others do not get it twice.
package mail
