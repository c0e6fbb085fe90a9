package probe

import (
	"fmt"
	"strings"
)

// spell returns the text of a closed enum's value.
func spell[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("invalid(%d)", uint8(v))
}

// read finds the value whose text is given. The error lists what would do.
func read[T ~uint8](names []string, what string, text []byte) (T, error) {
	for i, name := range names {
		if name == string(text) {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no %s; use one of %s", text, what, strings.Join(names, ", "))
}
