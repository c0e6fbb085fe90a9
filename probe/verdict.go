package probe

// Verdict is the judgement of one attempt or of one run.
type Verdict struct {
	Status  int // the status code; 0 when none came
	Class   Class
	Reason  Reason
	Retry   Retry
	Fault   Fault
	Outcome Outcome
}

// judged completes a verdict from the tables: what follows from a reason, and
// from the status code where the reason leaves it to the code.
func judged(reason Reason, status int) Verdict {
	row := reasons[reason]
	v := Verdict{Status: status, Class: ClassOf(status), Reason: reason, Retry: row.retry, Fault: row.fault, Outcome: row.outcome}
	if row.retry == retryByCode {
		v.Retry = CodeOf(status).Retry
	}
	if reason == UnexpectedStatus && v.Class == ClassInformational {
		v.Retry = CodeOf(status).Retry // an interim answer without a final one is worth asking again
	}
	if row.symptom == NoAnswer {
		v.Class = ClassNoResponse
	}
	if row.outcome == outcomeByCount4xx {
		v.Outcome = Excluded
	}
	return v
}

// Miss is the verdict of a slot at which nothing was asked, and why.
func Miss(reason Reason) Verdict { return judged(reason, 0) }

// VerdictOf completes a verdict of which reason and status are known, from a record say.
// The outcome of a 4xx is as before [Verdict.Settle].
func VerdictOf(reason Reason, status int) Verdict { return judged(reason, status) }

// VerdictOfStatus is the verdict of an answer of which only the status is known, where any
// 2xx is expected.
func VerdictOfStatus(status int) Verdict { return judged(judgeStatus(StatusSet{}, status), status) }

// Kind is the kind of incident that this verdict speaks for; [NoIncident] if none.
func (v Verdict) Kind() Kind { return reasons[v.Reason].incident }

// Severity is how urgent an incident of this verdict's kind is.
func (v Verdict) Severity() Severity { return reasons[v.Reason].severity }

// Symptom is the word that people read first.
func (v Verdict) Symptom() Symptom { return reasons[v.Reason].symptom }

// Count4xx says how a 4xx that is neither about the credential nor about the
// rate of asking counts in an error budget.
type Count4xx uint8

// The ways to count.
const (
	CountKnownGood Count4xx = iota // bad once this very request has worked
	CountNever                     // never: the paper to the letter
	CountAlways                    // always
)

var count4xxNames = []string{"known_good", "never", "always"}

func (c Count4xx) String() string { return spell(count4xxNames, c) }

// MarshalText writes the value as in [Count4xx.String].
func (c Count4xx) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Count4xx) UnmarshalText(text []byte) (err error) {
	*c, err = read[Count4xx](count4xxNames, "count_4xx", text)
	return err
}

// Settle decides the outcome of a verdict whose reason leaves it to what the
// caller knows: a 4xx is bad if it always counts, or if this very request has
// worked before, for then it is the server that changed. Other verdicts come
// back as they are.
func (v Verdict) Settle(count Count4xx, workedBefore bool) Verdict {
	if reasons[v.Reason].outcome != outcomeByCount4xx {
		return v
	}
	v.Outcome = Excluded
	if count == CountAlways || count == CountKnownGood && workedBefore {
		v.Outcome = Bad
		v.Fault = FaultTarget
	}
	return v
}

// RetryCredit says which failures a retry may make good again.
type RetryCredit uint8

// The credits.
const (
	CreditTransport RetryCredit = iota // a failure to get an answer; a 5xx stays bad
	CreditNone                         // none: the first attempt counts
	CreditAll                          // all: the last attempt counts
)

var retryCreditNames = []string{"transport", "none", "all"}

func (c RetryCredit) String() string { return spell(retryCreditNames, c) }

// MarshalText writes the value as in [RetryCredit.String].
func (c RetryCredit) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *RetryCredit) UnmarshalText(text []byte) (err error) {
	*c, err = read[RetryCredit](retryCreditNames, "retry_credit", text)
	return err
}

// ofRun is the verdict of a run from those of its attempts, oldest first. The
// last attempt speaks for the run, unless it shows no failure of the target's and an
// earlier failure is not forgiven: then the latest failure of that kind does. A
// limit or a refusal that a retry ran into does not hide the failure before it.
func ofRun(attempts []Attempt, credit RetryCredit) Verdict {
	last := attempts[len(attempts)-1].Verdict
	if last.Outcome != Good && last.Outcome != Excluded || credit == CreditAll {
		return last
	}
	for i := len(attempts) - 2; i >= 0; i-- {
		earlier := attempts[i].Verdict
		forgiven := credit == CreditTransport && earlier.Symptom() == NoAnswer
		if earlier.Outcome == Bad && !forgiven {
			return earlier
		}
	}
	return last
}
