package store

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// courtesy is how much less a process matters that only reads (setpriority(2)): as little as may be. Of fifty
// that do nothing else, each with 10, two processors left a writer a fifth of its share, and some commits took
// 60 to 170 ms.
const courtesy = 19

// GiveWay lets the service go first: every thread of this process, and every one that
// it starts, gets less of a busy processor than the service does. Those who look at a
// database call it, for fifty of them must not make a commit wait. It is a courtesy: where
// the system does not allow it, the process goes on as it is.
func GiveWay() error {
	// A thread that starts meanwhile may come from one that has not given way yet. None
	// does once a whole look has found nothing to do.
	for range looksForThreads {
		if found, err := giveWay(); !found || err != nil {
			return err
		}
	}
	return nil
}

// looksForThreads bounds how often the threads of this process are looked at.
const looksForThreads = 10

// giveWay lowers the priority of the threads that there are now, and reports whether it
// found one that had not given way.
func giveWay() (found bool, err error) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false, err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		// The system call counts from 40, the most, down to 1. A thread that has ended
		// meanwhile needs no courtesy.
		if is, err := unix.Getpriority(unix.PRIO_PROCESS, id); err != nil || is <= 20-courtesy {
			continue
		}
		found = true
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, courtesy); err != nil && !errors.Is(err, unix.ESRCH) {
			return found, err
		}
	}
	return found, nil
}
