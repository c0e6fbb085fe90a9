package incident

import (
	"fmt"
	"strings"
)

// ID identifies an incident. It is a counter, and shown in Crockford's base32,
// which has no letters that look like digits.
type ID int64

// FirstID is where counting begins, so that every id has at least four letters.
const FirstID ID = 32 * 32 * 32

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// String is the id as people read and type it, such as "7Q2K".
func (id ID) String() string {
	if id <= 0 {
		return "0"
	}
	var digits []byte
	for n := id; n > 0; n /= 32 {
		digits = append([]byte{alphabet[n%32]}, digits...)
	}
	return string(digits)
}

// ParseID reads an id as a person types it: in either case, O for 0, I and L for 1.
func ParseID(s string) (ID, error) {
	if s == "" || len(s) > 12 {
		return 0, fmt.Errorf("%q is no incident id; it looks like 7Q2K", s)
	}
	var id ID
	for _, r := range strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s)) {
		digit := strings.IndexRune(alphabet, r)
		if digit < 0 {
			return 0, fmt.Errorf("%q is no incident id: it has a %q; an id looks like 7Q2K", s, r)
		}
		id = id*32 + ID(digit)
	}
	return id, nil
}

// MarshalText writes the id as in [ID.String].
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// Sequence gives out incident ids, each once.
type Sequence struct{ Next ID }

// take returns the next id.
func (s *Sequence) take() ID {
	s.Next = max(s.Next, FirstID)
	id := s.Next
	s.Next++
	return id
}
