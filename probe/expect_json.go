package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sonde/text"
)

// Bounds of the JSON that is looked into. A list in a list costs forty times its text.
const (
	maxDepth = 64
	maxJSON  = 1 << 16
)

// decodeJSON reads one JSON text (RFC 8259). Objects become map[string]any, lists []any,
// whole numbers that fit an int become one, all others float64, infinite if they are
// larger than that holds. The error is for people, and holds nothing of the body.
func decodeJSON(body []byte) (any, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if len(bytes.TrimLeft(body, " \t\r\n")) == 0 {
		return nil, errors.New("the body is empty, not JSON")
	}
	if err := boundedJSON(body); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		return nil, notJSON(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("the body is not JSON: something follows its end")
	}
	return plainNumbers(root), nil
}

// boundedJSON checks how deep and how large the values would become, before any is made.
func boundedJSON(body []byte) error {
	depth, values, inText := 0, 1, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			depth++
			values++
			if depth > maxDepth {
				return fmt.Errorf("the body nests deeper than %d", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		case c == ',':
			values++
		}
		if values > maxJSON {
			return fmt.Errorf("the body has more than %d values", maxJSON)
		}
	}
	return nil
}

func notJSON(err error) error {
	switch bad, ok := errors.AsType[*json.SyntaxError](err); {
	case ok:
		return fmt.Errorf("the body is not JSON: %s, at byte %d", text.Printable(bad.Error(), maxCame), bad.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the body is not JSON: it ends too soon")
	}
	return errors.New("the body is not JSON")
}

// plainNumbers turns numbers as they are written into numbers to calculate with.
func plainNumbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		return plainNumber(string(v))
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plainNumbers(v[key])
		}
	}
	return value
}

func plainNumber(written string) any {
	if n, err := strconv.Atoi(written); err == nil && !strings.HasPrefix(written, "-0") {
		return n
	}
	f, _ := strconv.ParseFloat(written, 64) // beyond its range it is infinite
	return f
}

// told is a value of a body in a few words.
func told(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(v[:min(len(v), window)])
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return fmt.Sprintf("an object of %d", len(v))
	}
	return fmt.Sprint(value)
}
