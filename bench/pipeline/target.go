package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// serveTarget answers every path but /asked after a delay, and prints its address.
func serveTarget(ctx context.Context, delay time.Duration) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/asked", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strconv.FormatInt(asked.Load(), 10))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		time.Sleep(delay)
		_, _ = io.WriteString(w, "ok\n")
	})
	fmt.Println("http://" + listener.Addr().String())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// asked is how many requests the target has had.
func asked(ctx context.Context, target string) (int64, error) {
	body, err := fetch(ctx, target+"/asked")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(body, 10, 64)
}

func fetch(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// bareLoop is the yardstick: nothing that anybody could leave out and still ask.
func bareLoop(ctx context.Context, target string, probes int, interval time.Duration) error {
	client := &http.Client{Timeout: interval, Transport: &http.Transport{DisableKeepAlives: true}}
	for i := range probes {
		time.AfterFunc(interval*time.Duration(i)/time.Duration(probes), func() {
			for ticker := time.NewTicker(interval); ; <-ticker.C {
				ask(ctx, client, target+"/"+strconv.Itoa(i))
			}
		})
	}
	fmt.Println("started")
	<-ctx.Done()
	return nil
}

func ask(ctx context.Context, client *http.Client, url string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}
