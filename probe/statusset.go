package probe

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// StatusSet is a set of status codes from 100 to 599. The zero set is empty.
type StatusSet struct {
	bits [8]uint64 // a bit per code, 100 first
}

const classSize = 100

// ParseStatus reads codes and classes such as "200", "2xx" or "200, 3xx".
func ParseStatus(text string) (StatusSet, error) {
	var set StatusSet
	for part := range strings.SplitSeq(text, ",") {
		word := strings.ToLower(strings.TrimSpace(part))
		if digit, isClass := strings.CutSuffix(word, "xx"); isClass && len(digit) == 1 && digit >= "1" && digit <= "5" {
			set.AddClass(Class(digit[0] - '0'))
			continue
		}
		code, err := strconv.Atoi(word)
		if err != nil || len(word) != 3 || !inSet(code) {
			return StatusSet{}, fmt.Errorf("%q is no status; use a code from 100 to 599 or a class from 1xx to 5xx", word)
		}
		set.Add(code)
	}
	return set, nil
}

func inSet(code int) bool { return code >= 100 && code <= 599 }

// Add puts a code into the set. A number outside 100 to 599 is no code and is left out.
func (s *StatusSet) Add(code int) {
	if inSet(code) {
		s.bits[(code-100)/64] |= 1 << ((code - 100) % 64)
	}
}

// AddClass puts all codes of a class into the set.
func (s *StatusSet) AddClass(c Class) {
	if c == ClassNoResponse || c > ClassServerError {
		return
	}
	for code := int(c) * classSize; code < (int(c)+1)*classSize; code++ {
		s.Add(code)
	}
}

// Union returns what is in either set.
func (s StatusSet) Union(other StatusSet) StatusSet {
	for i := range s.bits {
		s.bits[i] |= other.bits[i]
	}
	return s
}

// Has reports whether a code is in the set.
func (s StatusSet) Has(code int) bool {
	return inSet(code) && s.bits[(code-100)/64]&(1<<((code-100)%64)) != 0
}

// Empty reports whether nothing is in the set.
func (s StatusSet) Empty() bool { return s == StatusSet{} }

func (s StatusSet) size() (n int) {
	for _, word := range s.bits {
		n += bits.OnesCount64(word)
	}
	return n
}

// String lists the set in the order of its codes, complete classes in short:
// "200, 3xx". [ParseStatus] reads it back; the empty set is "".
func (s StatusSet) String() string {
	var words []string
	for class := 1; class <= 5; class++ {
		var codes []string
		for code := class * classSize; code < (class+1)*classSize; code++ {
			if s.Has(code) {
				codes = append(codes, strconv.Itoa(code))
			}
		}
		if len(codes) == classSize {
			codes = []string{fmt.Sprintf("%dxx", class)}
		}
		words = append(words, codes...)
	}
	return strings.Join(words, ", ")
}
