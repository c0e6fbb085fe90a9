package fakeslack

import (
	"net/http"
	"slices"
)

// Fault says how the server fails. The zero Fault answers 200 with nothing.
type Fault struct {
	Method     string // what fails: "chat.postMessage", "webhook" ...; empty: everything
	Count      int    // how many requests fail; 0: all until [Server.Heal]
	Error      string // answer 200 with {"ok":false,"error":...}; the fields below do not matter then
	Status     int    // answer with this status; 0: 200
	Body       string // and this body
	RetryAfter string // and this Retry-After header; empty: none
	Location   string // and this Location header; empty: none
	Hang       bool   // do not answer at all until the client gives up
	Accept     bool   // take the message before failing
	Drop       bool   // cut the connection instead of answering
}

// Fail makes the server fail from now on. Faults for the same request take turns
// in the order in which they were given.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault takes the fault that a request meets; nil if it meets none.
func (s *Server) fault(method string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f Fault) bool { return f.Method == "" || f.Method == method })
	if i < 0 {
		return nil
	}
	f := s.faults[i]
	switch f.Count {
	case 0:
	case 1:
		s.faults = slices.Delete(s.faults, i, i+1)
	default:
		s.faults[i].Count--
	}
	return &f
}

// commit fails a request.
func (f *Fault) commit(s *Server, w http.ResponseWriter, r *http.Request) {
	switch {
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-s.closing.Done():
		}
		panic(http.ErrAbortHandler)
	case f.Drop:
		panic(http.ErrAbortHandler) // net/http's way of cutting a connection
	case f.Error != "":
		refuse(f.Error).write(w)
	default:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		if f.Location != "" {
			w.Header().Set("Location", f.Location)
		}
		if f.Status != 0 {
			w.WriteHeader(f.Status)
		}
		_, _ = w.Write([]byte(f.Body))
	}
}
