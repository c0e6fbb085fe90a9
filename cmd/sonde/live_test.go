package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
	"sonde/report"
)

func TestTheLiveLineOfARepeatedCheckCountsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		line := &live{out: &out, on: true}
		so := &report.Repeated{Runs: 3, Outcomes: map[probe.Outcome]int{probe.Good: 2, probe.Bad: 1}}
		require.True(t, line.wait(context.Background(), time.Now().Add(250*time.Millisecond), so))
		line.clear()
		require.Equal(t, []string{
			"", "3 runs so far, 1 not good; next in 0.2 s", "3 runs so far, 1 not good; next in 0.1 s", "3 runs so far, 1 not good; next in 0.1 s", "",
		}, strings.Split(out.String(), "\r\x1b[K"), "each line takes the place of the one before")
	})
}

func TestTheLiveLineEndsWithAnInterruption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithTimeout(context.Background(), 150*time.Millisecond)
		defer interrupt()
		began := time.Now()
		require.False(t, (&live{out: new(bytes.Buffer), on: true}).wait(ctx, began.Add(time.Hour), &report.Repeated{}))
		require.Equal(t, 150*time.Millisecond, time.Since(began))
	})
}

func TestThereIsNoLiveLineWhereNobodyLooks(t *testing.T) {
	var out bytes.Buffer
	line := &live{out: &out}
	line.show("asking for the first time …")
	line.clear()
	require.Empty(t, out.String())
}
