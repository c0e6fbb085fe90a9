package configs

import "go.yaml.in/yaml/v4"

// rule reads what the file says about a rule: true or false turns it on or off, a mapping
// tunes it and turns it on.
func rule[T any](d *decoder, v value, table keys[T], on *bool, into *T) {
	if v.node.Kind != yaml.MappingNode {
		*on = d.whether(v, *on)
		return
	}
	*on = true
	object(d, v, table, into)
}
