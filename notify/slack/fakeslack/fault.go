package fakeslack

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault says how the server fails. The zero Fault answers 200 with nothing.
type Fault struct {
	Method     string // what fails: "chat.postMessage", "webhook" ...; empty: everything
	Channel    string // and where: the id of a channel; empty: everywhere
	Skip       int    // how many requests go well before
	Count      int    // how many requests fail; 0: all until [Server.Heal]
	Error      string // answer 200 with {"ok":false,"error":...}; the fields below do not matter then
	Status     int    // answer with this status; 0: 200
	Body       string // and this body
	RetryAfter string // and this Retry-After header; empty: none
	Location   string // and this Location header; empty: none
	Hang       bool   // do not answer at all until the client gives up
	Accept     bool   // take the message before failing
	Drop       bool   // cut the connection instead of answering
	Truncate   bool   // cut it in the middle of the answer
	Refuse     bool   // take no connection at all; over the network this is as Drop

	Delay time.Duration // answer so much later, before anything else
	Fine  bool          // and then as if there were no fault
}

// Inject makes a method fail from now on.
func (s *Server) Inject(method string, f Fault) {
	f.Method = method
	s.Fail(f)
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
func (s *Server) fault(method, channel string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f Fault) bool {
		return (f.Method == "" || f.Method == method) && (f.Channel == "" || f.Channel == channelID(channel))
	})
	if i < 0 {
		return s.tooMany(method, channel)
	}
	f := s.faults[i]
	if f.Skip > 0 {
		s.faults[i].Skip--
		return nil
	}
	switch f.Count {
	case 0:
	case 1:
		s.faults = slices.Delete(s.faults, i, i+1)
	default:
		s.faults[i].Count--
	}
	return &f
}

// Limit allows so many requests of a method in a time, for every channel by itself. More are
// asked to come back later.
func (s *Server) Limit(method string, requests int, in time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits[method] = limit{requests, in}
}

// limit is how many requests are allowed in a time.
type limit struct {
	requests int
	in       time.Duration
}

// tooMany is the fault of a request that comes too soon; nil if it does not. The lock is held.
func (s *Server) tooMany(method, channel string) *Fault {
	l, limited := s.limits[method]
	if !limited {
		return nil
	}
	place, now := method+" "+channelID(channel), time.Now()
	recent := slices.DeleteFunc(s.recent[place], func(at time.Time) bool { return now.Sub(at) >= l.in })
	s.recent[place] = recent
	if len(recent) < l.requests {
		s.recent[place] = append(recent, now)
		return nil
	}
	wait := (recent[0].Add(l.in).Sub(now) + time.Second - 1).Truncate(time.Second)
	return &Fault{Status: http.StatusTooManyRequests, RetryAfter: strconv.Itoa(int(wait / time.Second)), Body: `{"ok":false,"error":"ratelimited"}`}
}

// wait keeps the client waiting before the fault, and reports whether there is none but that.
func (f *Fault) wait(s *Server, r *http.Request) (fine bool) {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		case <-s.closing.Done():
		}
	}
	return f.Fine
}

// commit fails a request.
func (f *Fault) commit(s *Server, w http.ResponseWriter, r *http.Request) {
	switch {
	case f.Truncate:
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"ok":tr`)
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-s.closing.Done():
		}
		panic(http.ErrAbortHandler)
	case f.Drop, f.Refuse:
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
