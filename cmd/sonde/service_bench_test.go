package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/textproto"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/store"
)

// BenchmarkService runs the whole service in this process, 10,000 probes at 10 s, for b.N
// seconds but at least 20. It is there to be profiled; the target, which is here too,
// stands in the profile as serveRaw. For numbers run bench/pipeline.
//
//	go test ./cmd/sonde -run '^$' -bench Service -benchtime 1x -cpuprofile cpu.out -memprofile mem.out
func BenchmarkService(b *testing.B) {
	config, _, err := configs.Load(crowdFile(b, serveRaw(b)), configs.Options{Secrets: true})
	require.NoError(b, err)
	s, err := startService(b.Context(), config, store.Replace, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	time.Sleep(time.Second)
	before, runs := cpuTime(b), s.recorder.Stats().Recorded
	b.ReportAllocs()
	b.ResetTimer()
	time.Sleep(max(20, time.Duration(b.N)) * time.Second)
	b.StopTimer()
	runs = s.recorder.Stats().Recorded - runs
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(runs), "cpu-us/run")
	b.ReportMetric(float64(heap())/(1<<20), "heap-MB")
	require.NoError(b, s.stop())
}

// BenchmarkStart starts and stops a service of 10,000 probes on a database that knows them.
func BenchmarkStart(b *testing.B) {
	path := crowdFile(b, serveRaw(b))
	var loading, starting time.Duration
	open := func() *service {
		began := cpuTime(b)
		config, _, err := configs.Load(path, configs.Options{Secrets: true})
		require.NoError(b, err)
		loaded := cpuTime(b)
		s, err := startService(b.Context(), config, store.Replace, slog.New(slog.DiscardHandler))
		require.NoError(b, err)
		loading, starting = loading+loaded-began, starting+cpuTime(b)-loaded
		return s
	}
	require.NoError(b, open().stop())
	loading, starting = 0, 0
	n := 0
	for b.Loop() {
		s := open()
		b.StopTimer()
		require.NoError(b, s.stop())
		b.StartTimer()
		n++
	}
	b.ReportMetric(float64(loading.Milliseconds())/float64(n), "load-cpu-ms")
	b.ReportMetric(float64(starting.Milliseconds())/float64(n), "start-cpu-ms")
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serveRaw answers every request after 50 ms, with as little effort as can be, and returns
// its address.
func serveRaw(b *testing.B) (url string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerRaw(conn)
		}
	}()
	return "http://" + listener.Addr().String()
}

func answerRaw(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	lines := textproto.NewReader(bufio.NewReaderSize(conn, 512))
	for {
		line, err := lines.ReadLineBytes()
		if err != nil {
			return
		}
		if len(line) == 0 {
			break
		}
	}
	time.Sleep(50 * time.Millisecond)
	_, _ = fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
}
