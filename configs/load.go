package configs

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"go.yaml.in/yaml/v4"
	"sonde/incident"
)

// Options say how much of a file is wanted.
type Options struct {
	// Secrets resolves references to secrets; one that cannot be resolved is a
	// problem. Without it, references are checked and stay as they are written.
	Secrets bool

	// Only resolves with Secrets the references of one probe alone, by its name; those of
	// others and of destinations stay as they are written.
	Only string

	// Destination resolves with Secrets the references of one destination alone, by its name.
	Destination string

	// Files looks without Secrets, too, for the files of certificates and keys. One that may not be
	// read is no problem: it may be for the service alone.
	Files bool

	// Env looks an environment variable up; os.LookupEnv if nil.
	Env func(string) (string, bool)
}

// Config is a valid configuration: every default is filled in.
type Config struct {
	Path         string // of the file, as it was named
	Listen       string // host:port of the page; empty: none
	PublicURL    string // where people find the page, ending in no "/"; may be empty
	API          API    // what may be written there
	Database     string // path of the database
	Location     string // where this prober stands; empty: the store chooses
	History      History
	Backup       *Backup     // nil: no copies are made by themselves
	Heartbeat    *Heartbeat  // nil: nobody is told that the service lives
	References   *References // nil: none are asked
	Destinations []Destination
	Probes       []Probe // in the order of the file; at least one

	// Maintenance is planned work. Its scopes are names: which probes they stand for is
	// known where probes have ids.
	Maintenance []incident.Command

	Groups map[string]Group // what is promised of groups, by their names
}

// Load reads and checks a file. The error is [Problems] when the file is not
// valid, and else why it could not be read. Warnings come with either.
func Load(path string, o Options) (*Config, []Problem, error) {
	// A pipe that nobody writes to would be waited for in vain.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(path, data, o)
}

// Parse checks a configuration that was read already. The name stands in problems,
// and relative paths start from its folder. The error is always [Problems].
func Parse(name string, data []byte, o Options) (*Config, []Problem, error) {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	shown := data
	if len(data) > maxFile {
		shown = nil // nobody wants to see a line of it
	}
	d := &decoder{src: newSource(name, shown), placeOf: map[string]value{}, fallbacks: map[string][]value{}, standsIn: map[string]bool{}}
	vault := newVault(o.Env, filepath.Dir(name))
	switch {
	case o.Secrets && o.Only != "":
		d.only, d.onlyFrom = o.Only, vault
	case o.Secrets && o.Destination != "":
		d.onlyPlace, d.onlyFrom = o.Destination, vault
	case o.Secrets:
		d.secrets, d.files = vault, vault
	case o.Files:
		d.files = vault
	}
	config := &Config{Path: name}
	if top, ok := d.document(data); ok {
		d.config(top, o, config)
	}
	warnings := d.src.problems(d.warnings)
	if len(d.problems) > 0 {
		return nil, warnings, Problems(d.src.problems(d.problems))
	}
	return config, warnings, nil
}

// topKeys are the keys of the file. Those whose meaning depends on others are only
// put aside here, and read in their order by config.
var topKeys = keys[sections]{
	"listen":       func(d *decoder, v value, s *sections) { d.listen(v, &s.listen) },
	"api":          func(d *decoder, v value, s *sections) { s.api = d.api(v) },
	"public_url":   func(d *decoder, v value, s *sections) { d.baseAddress(v, &s.publicURL) },
	"database":     func(d *decoder, v value, s *sections) { d.filled(v, &s.database) },
	"location":     func(d *decoder, v value, s *sections) { d.name(v, &s.location) },
	"history":      func(d *decoder, v value, s *sections) { d.history(v, &s.history) },
	"backup":       func(d *decoder, v value, s *sections) { s.backup = d.backup(v) },
	"heartbeat":    func(d *decoder, v value, s *sections) { s.heartbeat = d.heartbeat(v) },
	"references":   func(_ *decoder, v value, s *sections) { s.references = &v },
	"destinations": func(_ *decoder, v value, s *sections) { s.destinations = &v },
	"defaults":     func(_ *decoder, v value, s *sections) { s.defaults = &v },
	"groups":       func(_ *decoder, v value, s *sections) { s.groups = &v },
	"probes":       func(_ *decoder, v value, s *sections) { s.probes = &v },
	"maintenance":  func(_ *decoder, v value, s *sections) { s.maintenance = &v },
}

// sections is what stands at the top of the file.
type sections struct {
	listen, publicURL, database, location  string
	history                                History
	backup                                 *Backup
	heartbeat                              *Heartbeat
	api                                    API
	references, maintenance                *value
	destinations, defaults, probes, groups *value // nil: not there
}

// config reads the whole file.
func (d *decoder) config(top value, o Options, into *Config) {
	s := sections{listen: defaultListen, database: defaultDatabase, history: History{defaultResults, defaultRollups}}
	object(d, top, topKeys, &s)
	into.Listen, into.Location = s.listen, s.location
	into.PublicURL = s.publicURL
	into.API = s.api
	into.Database = databasePath(s.database, into.Path, o.Env)
	into.History = s.history
	if into.Backup = s.backup; into.Backup != nil {
		into.Backup.Folder = databasePath(into.Backup.Folder, into.Path, o.Env)
	}
	into.Heartbeat = s.heartbeat
	if s.destinations != nil {
		into.Destinations = d.destinations(*s.destinations)
	}
	base := builtin()
	if s.defaults != nil {
		d.defaults = readFields(d, *s.defaults, settingKeys, &base)
		d.defaultsAt = s.defaults
	}
	if s.references != nil {
		into.References = d.references(*s.references, base)
	}
	switch {
	case s.probes != nil:
		into.Probes = d.probeList(*s.probes, base, s.history, into.References)
	case top.node.Kind == yaml.MappingNode: // what is none has a problem already
		d.failAt(top.at, "the file has no probes; add probes: with at least one name and url")
	}
	if s.maintenance != nil {
		into.Maintenance = d.maintenances(*s.maintenance)
	}
	if s.groups != nil {
		into.Groups = d.promises(*s.groups, s.history, base, into.Probes)
		joinGroups(into.Probes, into.Groups)
	}
}
