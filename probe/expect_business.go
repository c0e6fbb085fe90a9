package probe

import (
	"context"
	"fmt"
	"strings"

	"sonde/text"
)

// Business is an expression that recognises a rule of the target's business, such as an
// account without funds, in an answer that says 5xx. It knows status, header (names in
// lower case), body (the decoded JSON; nil if the body is none) and text (the body as it is).
type Business struct{ condition *Condition }

// ParseBusiness compiles an expression of at most 1 KiB. The error is a [SyntaxError].
func ParseBusiness(s string) (*Business, error) {
	condition, err := parseCondition(s, false)
	if err != nil {
		return nil, err
	}
	return &Business{condition}, nil
}

// String is the expression as it was written.
func (b *Business) String() string { return b.condition.written }

// business decides whether an unexpected 5xx is a rule of the target's business. What cannot be
// decided is a 5xx like any other.
func (o *observation) business(ctx context.Context, t *Target) Reason {
	b := t.Expect.Business
	note := func(s string) { o.evidence.Notes = append(o.evidence.Notes, text.Printable(s, maxText)) }
	holds, err := b.holds(ctx, o)
	switch {
	case err != nil:
		note(fmt.Sprintf("business: %s cannot be decided, so this is a failure: %s", b.condition.short(), text.Printable(err.Error(), maxCame)))
	case holds:
		note(fmt.Sprintf("business: %s, so no failure of the server; it should answer 4xx, such as 409 or 422, instead of %d", b.condition.short(), o.status))
		return BusinessError
	}
	return ServerError
}

func (b *Business) holds(ctx context.Context, o *observation) (bool, error) {
	body := o.read()
	leave, err := turn(ctx, body)
	if err != nil {
		return false, err
	}
	defer leave()
	root, _ := decodeJSON(body)
	known := facts{Body: root, Status: o.status, Text: string(body), Header: make(map[string]string, len(o.header))}
	for name, values := range o.header {
		known.Header[strings.ToLower(name)] = strings.Join(values, ", ") // RFC 9110 section 5.3
	}
	return b.condition.holds(ctx, known)
}
