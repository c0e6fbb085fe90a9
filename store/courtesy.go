package store

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// courtesy is how much less a process matters that only reads (setpriority(2)).
const courtesy = 10

// GiveWay lets the service go first: every thread of this process, and every one that
// it starts, gets less of a busy processor than the service does. Those who look at a
// database call it, for fifty of them must not make a commit wait. It is a courtesy: where
// the system does not allow it, the process goes on as it is.
func GiveWay() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	var refused error
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		// A thread that has ended meanwhile needs no courtesy.
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, courtesy); err != nil && !errors.Is(err, unix.ESRCH) {
			refused = err
		}
	}
	return refused
}
