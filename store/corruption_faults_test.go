//go:build faults

package store

import (
	"testing"
	"time"
)

func TestAThousandFlippedBitsAreNoPanic(t *testing.T) { flip(t, 1000, uint64(time.Now().UnixNano())) }
