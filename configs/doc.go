// Package configs turns the file a person wrote into probes known to be valid.
//
// [Load] reads the file, checks all of it, and says everything that is wrong at
// once, each problem with its place, the rule and a way out. What comes back has
// no unknown keys, no gaps and no contradictions: defaults are filled in, names
// are unique, and every duration fits the others. Warnings never make it fail.
//
// A key is one line of a table (settingKeys, probeKeys, destinationKeys and so on):
// its name, and what its value means. Unknown keys, suggestions and places follow
// from the tables.
//
// Secrets are written as ${env:NAME}, ${file:PATH} or ${credential:NAME}, and only
// in fields that may hold one. They are resolved when [Options] ask for it; without
// that, the file is checked and the names stay as they are.
package configs
