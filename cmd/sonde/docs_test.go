package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the documents name is there.
func TestDocumentsNameFilesThatExist(t *testing.T) {
	root := filepath.Join("..", "..")
	named := regexp.MustCompile("`((?:[a-z]+/)+[a-z0-9_.]+\\.(?:go|sql|yaml|service))`|\\]\\(([A-Za-z./]+)\\)")
	for _, document := range []string{"README.md", "ARCHITECTURE.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		require.NoError(t, err)
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			name := match[1] + match[2]
			require.FileExists(t, filepath.Join(root, name), "%s names it", document)
		}
	}
}

// Every package that the table of imports knows stands in the map for newcomers.
func TestTheMapShowsEveryPackage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	require.NoError(t, err)
	for pkg := range mayImport {
		require.Contains(t, string(text), "| `"+pkg+"` |")
	}
}
