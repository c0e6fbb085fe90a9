package configs

import (
	"encoding"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// value is a value of the file, and where it stands. Aliases are followed.
type value struct {
	node *yaml.Node
	path string
	at   place
}

// entry is a key of a mapping with its value.
type entry struct {
	key   string
	keyAt place
	value value
}

// keys is what the keys of a mapping mean: each reads a value into a T. Whatever
// knows the keys knows them from here.
type keys[T any] map[string]func(d *decoder, v value, into *T)

// object reads a mapping by its keys. It returns the values that were there.
func object[T any](d *decoder, v value, table keys[T], into *T) map[string]value {
	read := readFields(d, v, table, into)
	found := make(map[string]value, len(read))
	for _, e := range read {
		found[e.key] = e.value
	}
	return found
}

// fields are the entries of a mapping whose keys are known, each key once. It is a list where
// there is one per probe: ten thousand maps of two keys are 6 MB.
type fields []entry

// get is the value of a key; false if it is not there.
func (f fields) get(key string) (value, bool) {
	for i := range f {
		if f[i].key == key {
			return f[i].value, true
		}
	}
	return value{}, false
}

// of is the value of a key; the zero value if it is not there.
func (f fields) of(key string) value {
	v, _ := f.get(key)
	return v
}

// readFields reads a mapping by its keys. It returns the entries that were there.
func readFields[T any](d *decoder, v value, table keys[T], into *T) fields {
	return slices.DeleteFunc(d.mapping(v), func(e entry) bool {
		read, known := table[e.key]
		if !known {
			d.unknown(e, slices.Sorted(maps.Keys(table)))
			return true
		}
		read(d, e.value, into)
		return false
	})
}

// mapping returns the entries of a mapping in the order of the file, each key once.
func (d *decoder) mapping(v value) []entry {
	if v.node.Kind != yaml.MappingNode {
		d.hideSuspect(v) // a secret one level too high
		d.mismatch(v, "a mapping (key: value)", "")
		return nil
	}
	d.checkTag(v)
	return d.entries(v, nil, 0)
}

// keyring finds keys that stand twice in a mapping. Most mappings are short, and then it
// is a list: a map for each would cost more than all else that is done for them.
type keyring struct {
	list []keyAt
	all  map[string]place // of a long mapping
}

type keyAt struct {
	key string
	at  place
}

// manyKeys are more than any mapping has but a list of labels.
const manyKeys = 32

func newKeyring(n *yaml.Node) keyring {
	if keys := len(n.Content) / 2; keys <= manyKeys {
		return keyring{list: make([]keyAt, 0, keys)}
	}
	return keyring{all: map[string]place{}}
}

// add takes a key, unless it is there already; then it says where.
func (k *keyring) add(key string, at place) (first place, twice bool) {
	if k.all != nil {
		if first, twice = k.all[key]; !twice {
			k.all[key] = at
		}
		return first, twice
	}
	for i := range k.list {
		if k.list[i].key == key {
			return k.list[i].at, true
		}
	}
	k.list = append(k.list, keyAt{key, at})
	return place{}, false
}

// child is the value of a mapping's own key. Nothing is said of what is wrong with it.
func (v value) child(key string) (value, bool) {
	if v.node.Kind != yaml.MappingNode {
		return value{}, false
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		if name := v.node.Content[i]; name.Kind == yaml.ScalarNode && name.Value == key {
			return newValue(v.node.Content[i+1], join(v.path, key)), true
		}
	}
	return value{}, false
}

// maxMerges is how deep "<<" may nest.
const maxMerges = 8

// entries lists a mapping's own entries, then those it merges with "<<" that it
// has not itself (YAML 1.1 merge key). The map holds the keys that were seen; it is nil
// while no merge asks for it.
func (d *decoder) entries(v value, seen map[string]bool, depth int) []entry {
	own := make([]entry, 0, len(v.node.Content)/2)
	var merged []value
	here := newKeyring(v.node)
	for i := 0; i+1 < len(v.node.Content) && d.spend(v); i += 2 {
		key, content := v.node.Content[i], v.node.Content[i+1]
		keyAt := place{key.Line, key.Column}
		if key.Kind != yaml.ScalarNode {
			d.failAs(keyAt, v.path, "a key must be text, not %s", describe(key))
			continue
		}
		if first, twice := here.add(key.Value, keyAt); twice {
			if secretKeys[key.Value] || strings.HasSuffix(v.path, ".headers") {
				d.hideAll(content)
			}
			d.failAs(keyAt, join(v.path, key.Value), "duplicate key %s, first on line %d; remove one of them", quote(key.Value), first.line)
			continue
		}
		child := newValue(content, join(v.path, key.Value))
		if key.ShortTag() == "!!merge" {
			merged = append(merged, child)
			continue
		}
		if !seen[key.Value] {
			own = append(own, entry{key.Value, keyAt, child})
		}
	}
	if len(merged) > 0 && seen == nil {
		seen = make(map[string]bool, len(own))
	}
	if seen != nil {
		for i := range own {
			seen[own[i].key] = true
		}
	}
	for _, m := range merged {
		m.path = v.path
		own = append(own, d.merge(m, seen, depth+1)...)
	}
	return own
}

// merge lists what "<<" brings in: the entries of a mapping, or of each of a list.
func (d *decoder) merge(v value, seen map[string]bool, depth int) []entry {
	if !d.spend(v) {
		return nil
	}
	switch {
	case depth > maxMerges:
		d.fail(v, "\"<<\" nests deeper than %d; write the keys out", maxMerges)
	case v.node.Kind == yaml.MappingNode:
		return d.entries(v, seen, depth)
	case v.node.Kind == yaml.SequenceNode:
		var all []entry
		for _, n := range v.node.Content {
			all = append(all, d.merge(newValue(n, v.path), seen, depth+1)...)
		}
		return all
	default:
		d.fail(v, "\"<<\" must be an alias of a mapping (*name), not %s", describe(v.node))
	}
	return nil
}

// newValue follows an alias.
func newValue(n *yaml.Node, path string) value {
	at := place{n.Line, n.Column}
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return value{n, path, at}
}

// join adds a key to a path. A key that is no plain word is quoted.
func join(path, key string) string {
	plain := strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
	switch {
	case !plain || key == "":
		return path + "[" + quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// list returns the items of a list.
func (d *decoder) list(v value) []value {
	if v.node.Kind != yaml.SequenceNode {
		d.mismatch(v, "a list", "; write [ ] around it")
		return nil
	}
	d.checkTag(v)
	items := make([]value, 0, len(v.node.Content))
	for i, n := range v.node.Content {
		if !d.spend(v) {
			break
		}
		items = append(items, newValue(n, v.path+"["+strconv.Itoa(i)+"]"))
	}
	return items
}

// oneOrList returns the items of a list, or the value itself as the only one.
func (d *decoder) oneOrList(v value) []value {
	if v.node.Kind == yaml.SequenceNode {
		return d.list(v)
	}
	return []value{v}
}

// distinct reads a text or a list of texts, of which no two mean the same. parse says why
// a text is not one of them; "" if it is.
func distinct[T interface {
	comparable
	fmt.Stringer
}](d *decoder, v value, parse func(s string) (read T, why string)) []T {
	var all []T
	for _, item := range d.oneOrList(v) {
		s, ok := d.text(item)
		if !ok {
			continue
		}
		read, why := parse(s)
		switch {
		case why != "":
			d.fail(item, "%s", why)
		case slices.Contains(all, read):
			d.fail(item, "%s is listed twice; remove one", read)
		default:
			all = append(all, read)
		}
	}
	return all
}

// raw returns a text as it is written, references and all.
func (d *decoder) raw(v value) (string, bool) {
	if v.node.Kind != yaml.ScalarNode || v.node.ShortTag() == "!!null" {
		d.mismatch(v, "a text", "")
		return "", false
	}
	switch v.node.ShortTag() {
	case "!!str", "!!timestamp":
		return v.node.Value, true
	case "!!int", "!!float", "!!bool", "!!merge":
		d.mismatch(v, "a text", "; put it in quotes")
	default:
		d.checkTag(v)
	}
	return "", false
}

// loose returns a text, or a number as it is written: where a number lacks only
// its unit, to say so helps more than to ask for a text.
func (d *decoder) loose(v value) (string, bool) {
	if tag := v.node.ShortTag(); tag == "!!int" || tag == "!!float" {
		return v.node.Value, true
	}
	return d.text(v)
}

// text returns a text of a field that holds no secret.
func (d *decoder) text(v value) (string, bool) {
	s, ok := d.raw(v)
	if !ok {
		return "", false
	}
	return d.plain(v, s)
}

// integer reads a whole number within bounds.
func (d *decoder) integer(v value, least, most int) (int, bool) {
	n, err := strconv.Atoi(v.node.Value)
	if v.node.Kind != yaml.ScalarNode || v.node.ShortTag() != "!!int" || err != nil || n < least || n > most {
		d.mismatch(v, fmt.Sprintf("a whole number from %d to %d", least, most), "")
		return 0, false
	}
	return n, true
}

// boolean reads true or false.
func (d *decoder) boolean(v value, into *bool) {
	if v.node.Kind != yaml.ScalarNode || v.node.ShortTag() != "!!bool" {
		d.mismatch(v, "true or false", "")
		return
	}
	*into = strings.EqualFold(v.node.Value, "true")
}

// whether reads true or false; what is neither leaves it as it is.
func (d *decoder) whether(v value, is bool) bool {
	d.boolean(v, &is)
	return is
}

// word reads one of a closed set of words.
func (d *decoder) word(v value, into encoding.TextUnmarshaler) {
	s, ok := d.text(v)
	if !ok {
		return
	}
	if err := into.UnmarshalText([]byte(s)); err != nil {
		d.fail(v, "%v", err)
	}
}

// mismatch reports a value of the wrong kind.
func (d *decoder) mismatch(v value, want, wayOut string) {
	if v.node.ShortTag() == "!!null" {
		d.fail(v, "has no value; give it %s, or remove the key", want)
		return
	}
	d.fail(v, "must be %s, not %s%s", want, describe(v.node), wayOut)
}

// checkTag refuses tags that only programs write.
func (d *decoder) checkTag(v value) {
	switch tag := v.node.ShortTag(); tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp", "!!merge":
	default:
		d.fail(v, "the tag %s means nothing here; remove it", quote(tag))
	}
}

// describe says what a value is, for people.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return fmt.Sprintf("the number %.40s", n.Value)
	case "!!bool":
		return n.Value
	}
	return "a text"
}
