package probe

// Code is what a status code means and what to do about it.
type Code struct {
	Status  int
	Name    string
	Retry   Retry
	Fault   Fault
	Meaning string
	Next    []string // what to check, most telling first
	Source  string   // the section that says so
}

// CodeOf returns the entry of a status code.
func CodeOf(status int) Code { return Code{Status: status} }
