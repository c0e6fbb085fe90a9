// Package results keeps the file in which several measurements say what they measured,
// each in a part of its own.
package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"
)

const (
	title = "# What was measured\n\nEach part is written anew by the command that it names, and holds for the machine that it names.\n"
	mark  = "## " // begins a part
)

// Machine is what numbers hold for: cores, system and Go, and how busy it is now.
func Machine() string {
	model := "unknown processor"
	cpus, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(cpus)) {
		if name, is := strings.CutPrefix(line, "model name"); is {
			model = strings.Trim(name, "\t: \n")
			break
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	load, _ := os.ReadFile("/proc/loadavg")
	load1, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%d cores of %s, Linux %s, %s, load before %s", runtime.NumCPU(), model, strings.TrimSpace(string(kernel)), runtime.Version(), load1)
}

// Part is what one measurement has to say.
type Part struct {
	Name    string // of the part; it replaces an earlier part of that name
	Command string // that measures it again
	Machine string // see [Machine]
	Body    string // Markdown without headings of the first two levels
}

// String is the part as it stands in the file.
func (p Part) String() string {
	return fmt.Sprintf("%s%s\n\n`%s`, %s, %s.\n\n%s\n", mark, p.Name, p.Command, time.Now().UTC().Format("2006-01-02 15:04 UTC"), p.Machine, strings.Trim(p.Body, "\n"))
}

// Put writes a part into a file, which is made if there is none, and leaves its other
// parts as they are.
func Put(path string, p Part) error {
	old, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		old, err = []byte(title), nil
	}
	if err != nil {
		return fmt.Errorf("read results: %w", err)
	}
	if err := os.WriteFile(path, []byte(replaced(string(old), p.Name, p.String())), 0o644); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// replaced is a text with another part of a name, or with one more.
func replaced(text, name, part string) string {
	parts := strings.Split("\n"+text, "\n"+mark)
	for i := range parts {
		parts[i] = strings.Trim(parts[i], "\n") + "\n"
	}
	part = strings.TrimPrefix(part, mark)
	for i := 1; i < len(parts); i++ {
		if strings.HasPrefix(parts[i], name+"\n") {
			parts[i] = part
			return strings.Join(parts, "\n"+mark)
		}
	}
	return strings.Join(append(parts, part), "\n"+mark)
}
