package probe

// Class is the group of a status code (RFC 9110 section 15), or that none came.
type Class uint8

// The classes. People read them through [Class.Title].
const (
	ClassNoResponse    Class = iota // no complete answer arrived
	ClassInformational              // 1xx
	ClassSuccess                    // 2xx
	ClassRedirection                // 3xx
	ClassClientError                // 4xx
	ClassServerError                // 5xx
)

var classNames = []string{"no_response", "informational", "success", "redirection", "client_error", "server_error"}

var classTitles = []string{"no answer", "1xx informational", "2xx success", "3xx redirection", "4xx client error", "5xx server error"}

// ClassOf returns the class of a status code; 0 means that no status came.
// RFC 9110 section 15: a code outside 100-599 counts as a 5xx.
func ClassOf(status int) Class {
	switch {
	case status == 0:
		return ClassNoResponse
	case status < 100 || status > 599:
		return ClassServerError
	}
	return Class(status / 100)
}

// Classes lists every class in the order of its first digit, no answer first.
func Classes() []Class {
	return []Class{ClassNoResponse, ClassInformational, ClassSuccess, ClassRedirection, ClassClientError, ClassServerError}
}

func (c Class) String() string { return spell(classNames, c) }

// Title is the class as people read it, such as "5xx server error".
func (c Class) Title() string { return spell(classTitles, c) }

// MarshalText writes the class as in [Class.String].
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Class) UnmarshalText(text []byte) (err error) {
	*c, err = read[Class](classNames, "class", text)
	return err
}
