package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// bareLoop is the yardstick: nothing that anybody could leave out and still ask. It prints
// an address that tells how long the latest request to each target took, in nanoseconds.
func bareLoop(ctx context.Context, url string, probes int, interval time.Duration) error {
	latest := make([]atomic.Int64, probes)
	client := &http.Client{Timeout: interval, Transport: &http.Transport{DisableKeepAlives: true}}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	for i := range probes {
		time.AfterFunc(interval*time.Duration(i)/time.Duration(probes), func() {
			for ticker := time.NewTicker(interval); ; <-ticker.C {
				began := time.Now()
				if ask(ctx, client, url+"/"+strconv.Itoa(i)) {
					latest[i].Store(int64(time.Since(began)))
				}
			}
		})
	}
	fmt.Println("http://" + listener.Addr().String())
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		all := make(map[int]time.Duration, probes)
		for i := range latest {
			if took := latest[i].Load(); took > 0 {
				all[i] = time.Duration(took)
			}
		}
		_ = json.NewEncoder(w).Encode(all)
	})}
	go func() { _ = server.Serve(listener) }()
	<-ctx.Done()
	return server.Close()
}

// ask makes one request, and reports whether it was answered.
func ask(ctx context.Context, client *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return err == nil
}
