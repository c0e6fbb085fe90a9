package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// usual is where a configuration is looked for when nobody says where it is.
var usual = []string{"./sonde.yaml", "/etc/sonde/sonde.yaml"}

// Find says which file is the configuration: the one that was named (flag), else
// $SONDE_CONFIG, else the first of ./sonde.yaml and /etc/sonde/sonde.yaml that is
// there. The error is [fs.ErrNotExist] and says where it looked. A file that was
// named is not looked at.
func Find(flag string, env func(string) (string, bool)) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if named, ok := env("SONDE_CONFIG"); ok && named != "" {
		return named, nil
	}
	for _, path := range usual {
		// A file that may not be looked at is there, and to say so is better than to go on.
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", fmt.Errorf("find the configuration: neither $SONDE_CONFIG nor %s: %w; name it with --config, or write one with a line such as probes: [{name: web, url: https://example.com/}]",
		strings.Join(usual, " nor "), fs.ErrNotExist)
}
