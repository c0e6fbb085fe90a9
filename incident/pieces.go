package incident

import "time"

// pieces is in how many pieces the time is cut over which a rule counts results.
const pieces = 12

// Recent counts results over the latest stretch of time, in pieces: what is older falls
// out a piece at a time.
type Recent struct {
	Piece int64          // the latest piece, by its number since 1970
	Of    [pieces]uint16 // results in each
}

// pieceOf is the number of the piece of an instant. Instants before 1970 have one too.
func pieceOf(at time.Time, over time.Duration) int64 {
	length := over.Milliseconds() / pieces
	ms := at.UnixMilli()
	if ms < 0 {
		ms -= length - 1
	}
	return ms / length
}

// slot is where a piece is kept.
func slot(piece int64) int { return int(((piece % pieces) + pieces) % pieces) }

// advance goes on to a piece, and gives every piece that falls out to leave before its
// place is taken.
func (r *Recent) advance(to int64, leave func(piece int64, at int)) {
	if to <= r.Piece {
		return
	}
	for n := range min(to-r.Piece, pieces) {
		piece := r.Piece + 1 + n - pieces
		leave(piece, slot(piece))
		r.Of[slot(piece)] = 0
	}
	r.Piece = to
}

// add counts one more in the latest piece.
func (r *Recent) add() { count16(&r.Of[slot(r.Piece)]) }

// count16 adds one, as long as there is room.
func count16(n *uint16) {
	if *n < 1<<16-1 {
		*n++
	}
}

func sum16(counts []uint16) (n int) {
	for _, c := range counts {
		n += int(c)
	}
	return n
}
