package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mayImport is the table of packages in ARCHITECTURE.md: which of our packages each may
// import. A package that is not listed may not exist.
var mayImport = map[string][]string{
	"text":                   {},
	"probe":                  {"text"},
	"probe/http3":            {"probe"},
	"slo":                    {},
	"incident":               {"text", "probe", "slo"},
	"notify":                 {"text", "probe", "slo", "incident"},
	"notify/slack":           {"text", "probe", "slo", "incident", "notify"},
	"notify/slack/fakeslack": {},
	"notify/mail":            {"text", "probe", "slo", "incident", "notify"},
	"notify/mail/fakemail":   {},
	"notify/webhook":         {"text", "probe", "slo", "incident", "notify"},
	"migrations":             {},
	"store":                  {"text", "probe", "slo", "incident", "notify", "migrations"},
	"record":                 {"text", "probe", "slo", "incident", "notify", "store"},
	"scheduler":              {"text", "probe"},
	"configs":                {"text", "probe", "slo", "incident", "notify", "scheduler"},
	"report":                 {"text", "probe", "slo", "incident", "store"},
	"web":                    {"text", "probe", "slo", "incident", "store", "configs", "report"},
	"cmd/sonde": {"text", "probe", "slo", "incident", "notify", "notify/slack", "notify/slack/fakeslack", "notify/webhook", "notify/mail", "store", "record", "probe/http3",
		"scheduler", "configs", "report", "web"},
	"bench/results":  {}, // all measurements write a part of the same file
	"bench/pipeline": {"bench/results"},
	"bench/store":    {"probe", "slo", "incident", "notify", "store", "bench/results"},
	"bench/alerts":   {"probe", "incident", "notify", "configs", "bench/results"}, // the shipped rules are those of the configuration
}

// onlyImporter says which package alone may import a library.
var onlyImporter = map[string]string{
	"github.com/go-co-op/gocron":   "scheduler",
	"github.com/slack-go/slack":    "notify/slack",
	"github.com/wneessen/go-mail":  "notify/mail",
	"github.com/emersion":          "notify/mail/fakemail",
	"modernc.org/sqlite":           "store",
	"github.com/DataDog":           "store",
	"go.yaml.in/yaml":              "configs",
	"github.com/expr-lang/expr":    "probe",
	"github.com/prometheus":        "web",
	"github.com/spf13/cobra":       "cmd/sonde",
	"github.com/coreos/go-systemd": "cmd/sonde",
	"github.com/quic-go":           "probe/http3",
}

func TestImportsFollowTheTable(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		require.NoError(t, err)
		pkg := filepath.ToSlash(rel)
		seen++
		require.Containsf(t, mayImport, pkg, "package %s is not in the table; add it to ARCHITECTURE.md and to this test, with its reason", pkg)
		for _, imported := range importsOf(t, path) {
			checkImport(t, path, pkg, imported)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, seen, 50, "the walk found the sources")
}

func importsOf(t *testing.T, path string) []string {
	src, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
	require.NoError(t, err)
	var imports []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		imports = append(imports, name)
	}
	return imports
}

func checkImport(t *testing.T, path, pkg, imported string) {
	if ours, ok := strings.CutPrefix(imported, "sonde/"); ok {
		require.Truef(t, slices.Contains(mayImport[pkg], ours), "%s imports sonde/%s, which package %s may not; see the table in ARCHITECTURE.md", path, ours, pkg)
		return
	}
	for library, owner := range onlyImporter {
		if imported == library || strings.HasPrefix(imported, library+"/") {
			require.Equalf(t, owner, pkg, "%s imports %s, which only package %s may", path, imported, owner)
		}
	}
}
