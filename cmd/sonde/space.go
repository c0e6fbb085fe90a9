package main

import (
	"context"
	"sync"
	"time"

	"sonde/notify"
	"sonde/report"
	"sonde/store"
)

const (
	roomWanted = 500 << 20 // below it, or a tenth of the disk, people are warned
	roomNeeded = 64 << 20  // below it only what says something new is stored
)

// room is what was last seen of the disk.
type room struct {
	mu    sync.Mutex
	low   bool
	since time.Time
}

// watchSpace looks how much room there is, warns once while it is short, and keeps the
// ballast.
func (s *service) watchSpace(ctx context.Context) {
	if err := s.store.Upkeep(ctx, time.Now()); err != nil {
		s.log.Warn("ballast not kept", "err", err)
	}
	s.lookForRoom()
}

// lookForRoom looks how much room there is, has less stored when it is short, and warns
// once.
func (s *service) lookForRoom() {
	left, err := s.store.Room()
	if err != nil {
		s.log.Warn("room on disk unknown", "err", err)
		return
	}
	s.recorder.Spare(left.Free < roomNeeded)
	if low := short(left); s.room.turn(low, time.Now()) {
		if low {
			s.log.Warn("disk almost full", "database", s.store.Path(), "free", left.Free, "total", left.Total)
		} else {
			s.log.Info("disk has room again", "free", left.Free)
		}
	}
}

// watchStorage has people told when storing fails, and when it works again.
func (s *service) watchStorage(context.Context) {
	stats := s.recorder.Stats()
	if stats.Failures > s.failures { // perhaps for want of room, which is looked for less often
		s.failures = stats.Failures
		s.lookForRoom()
	}
	trouble := notify.StorageTrouble{Since: stats.FailingSince, Full: stats.Full, Lost: stats.Lost}
	notices := s.watch.See(trouble, s.everybody, s.place, time.Now())
	s.relay.Tell(notices)
	s.say()
	for i := range notices {
		s.log.Warn(notices[i].Body.Notice.String(), "since", notices[i].Body.Since, "lost", notices[i].Body.Lost)
		s.dispatcher.Wake(notices[i].Destination)
	}
}

// say has those who only look at the database know how storing goes, and whether the service is heard
// outside, when that has changed and while storing does not go well.
func (s *service) say() {
	now := s.storage()
	said := store.Storing{State: string(now.State), Waiting: now.Waiting, Lost: now.Lost, Heartbeat: s.heartbeat.state()}
	if now.State == report.StorageOK && s.said.State == said.State && sameHeartbeat(s.said.Heartbeat, said.Heartbeat) {
		return
	}
	if now.Since != nil {
		said.Since = *now.Since
	}
	if err := s.store.Say(said); err != nil {
		s.log.Warn("state of storage not told", "err", err)
		return
	}
	s.said = said
}

// short reports whether people should make room.
func short(left store.Room) bool { return left.Free < roomWanted || left.Free < left.Total/10 }

// turn notes whether room is short, and reports whether that is news.
func (r *room) turn(low bool, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.low == low {
		return false
	}
	r.low, r.since = low, now.UTC()
	return true
}

// storage is how storing goes.
func (s *service) storage() report.Storage {
	stats := s.recorder.Stats()
	storage := report.Storage{State: report.StorageOK, Waiting: stats.Waiting, Lost: stats.Lost}
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	if s.room.low {
		storage.State, storage.Since = report.StorageLow, &s.room.since
	}
	if !stats.FailingSince.IsZero() {
		storage.State, storage.Since = report.StorageFailing, &stats.FailingSince
		if stats.Full {
			storage.State = report.StorageFull
		}
	}
	if storage.Since != nil {
		since := *storage.Since // not that which the lock guards
		storage.Since = &since
	}
	return storage
}
