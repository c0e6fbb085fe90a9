package web

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// family is what series of one name have in common.
type family struct {
	name, help string
	kind       string // gauge or counter
	labels     []string
}

func gauges(name, help string, labels ...string) *family {
	return &family{"sonde_" + name, help, "gauge", labels}
}

func counters(name, help string, labels ...string) *family {
	return &family{"sonde_" + name, help, "counter", labels}
}

// exposition gathers series to be written as text. Of a label's value it keeps a number
// only, for ten thousand probes have a quarter of a million series. It is used again and
// again: what one scrape took of memory, the next one has.
type exposition struct {
	families map[string]*series // by name
	numbers  map[string]uint32  // of values
	values   []string
	ranks    []uint32 // by number: the order of the values
	order    []uint32 // of the series of a family, while it is written
	line     []byte
	errs     []error
}

// series are the series of a family: a number per label, and what is measured.
type series struct {
	*family
	labels   []uint32
	measured []float64
}

func newExposition() *exposition {
	return &exposition{families: map[string]*series{}, numbers: map[string]uint32{}}
}

// reset forgets all series.
func (x *exposition) reset() {
	for _, s := range x.families {
		s.labels, s.measured = s.labels[:0], s.measured[:0]
	}
	clear(x.numbers)
	clear(x.values)
	x.values, x.errs = x.values[:0], nil
}

// add adds a series. Values of labels are in the order in which the family names them.
func (x *exposition) add(f *family, v float64, labels ...string) {
	for i, value := range labels {
		if !utf8.ValidString(value) {
			x.fail(fmt.Errorf("%s: the value %q of label %s is no text", f.name, value, f.labels[i]))
			return
		}
	}
	s := x.families[f.name]
	if s == nil {
		s = &series{}
		x.families[f.name] = s
	}
	s.family = f
	for _, value := range labels {
		s.labels = append(s.labels, x.number(value))
	}
	s.measured = append(s.measured, v)
}

// addIf leaves out what is not known: absent, not 0.
func (x *exposition) addIf(f *family, v *float64, labels ...string) {
	if v != nil {
		x.add(f, *v, labels...)
	}
}

// maxErrors bounds what is said of series that cannot be told.
const maxErrors = 10

func (x *exposition) fail(err error) {
	if len(x.errs) < maxErrors {
		x.errs = append(x.errs, err)
	}
}

func (x *exposition) number(value string) uint32 {
	n, ok := x.numbers[value]
	if !ok {
		n = uint32(len(x.values))
		x.numbers[value] = n
		x.values = append(x.values, value)
	}
	return n
}

// names are the names of the families that have series, when all were added.
func (x *exposition) names() (names []string) {
	x.order = x.order[:0]
	for n := range x.values {
		x.order = append(x.order, uint32(n))
	}
	slices.SortFunc(x.order, func(a, b uint32) int { return strings.Compare(x.values[a], x.values[b]) })
	x.ranks = slices.Grow(x.ranks[:0], len(x.values))[:len(x.values)]
	for rank, n := range x.order {
		x.ranks[n] = uint32(rank)
	}
	for name, s := range x.families {
		if len(s.measured) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// write writes a family, its series in the order of their labels. Of two that are the same
// it writes the one that was added first.
func (x *exposition) write(w io.Writer, name string, scheme model.EscapingScheme) error {
	s := x.families[name]
	x.line = fmt.Appendf(x.line[:0], "# HELP %s %s\n# TYPE %s %s\n", name, escapedHelp(s.help), name, s.kind)
	labels := sortedLabels(s.family, scheme)
	before := -1
	for _, i := range x.sorted(s, labels) {
		if before >= 0 && x.compare(s, labels, uint32(before), i) == 0 {
			x.fail(fmt.Errorf("%s: a series was added before with the same labels", name))
			continue
		}
		before = int(i)
		x.line = append(x.line, name...)
		for n, label := range labels {
			opens := byte(',')
			if n == 0 {
				opens = '{'
			}
			x.line = append(x.line, opens)
			x.line = append(append(x.line, label.written...), `="`...)
			x.line = append(appendEscaped(x.line, x.values[s.labels[int(i)*len(labels)+label.place]]), '"')
		}
		if len(labels) > 0 {
			x.line = append(x.line, '}')
		}
		x.line = append(appendFloat(append(x.line, ' '), s.measured[i]), '\n')
		if _, err := w.Write(x.line); err != nil {
			return err
		}
		x.line = x.line[:0]
	}
	return nil
}

// label is a label of a family, where its values are among those of a series, and how its
// name is written.
type label struct {
	name, written string
	place         int
}

func sortedLabels(f *family, scheme model.EscapingScheme) []label {
	labels := make([]label, len(f.labels))
	for i, name := range f.labels {
		labels[i] = label{name, model.EscapeName(name, scheme), i}
		if !model.LegacyValidation.IsValidLabelName(labels[i].written) {
			labels[i].written = `"` + string(appendEscaped(nil, labels[i].written)) + `"`
		}
	}
	slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return labels
}

// sorted are the numbers of the series of a family, in the order of their labels.
func (x *exposition) sorted(s *series, labels []label) []uint32 {
	x.order = x.order[:0]
	for i := range s.measured {
		x.order = append(x.order, uint32(i))
	}
	slices.SortStableFunc(x.order, func(a, b uint32) int { return x.compare(s, labels, a, b) })
	return x.order
}

func (x *exposition) compare(s *series, labels []label, a, b uint32) int {
	for _, l := range labels {
		at := func(i uint32) uint32 { return x.ranks[s.labels[int(i)*len(labels)+l.place]] }
		if c := cmp.Compare(at(a), at(b)); c != 0 {
			return c
		}
	}
	return 0
}

// appendEscaped writes the value of a label as the text format has it.
func appendEscaped(to []byte, value string) []byte {
	for {
		i := strings.IndexAny(value, "\\\n\"")
		if i < 0 {
			return append(to, value...)
		}
		to = append(append(to, value[:i]...), '\\')
		if value[i] == '\n' {
			to = append(to, 'n')
		} else {
			to = append(to, value[i])
		}
		value = value[i+1:]
	}
}

func escapedHelp(help string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help)
}

func appendFloat(to []byte, v float64) []byte {
	switch {
	case v == 0:
		return append(to, '0') // and not -0
	case math.IsInf(v, 1):
		return append(to, "+Inf"...)
	case math.IsInf(v, -1):
		return append(to, "-Inf"...)
	}
	return strconv.AppendFloat(to, v, 'g', -1, 64)
}
