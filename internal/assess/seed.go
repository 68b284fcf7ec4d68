package assess

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/google/uuid"
)

// Seed is the chance in one paper. It is kept with the paper, so that anybody who has both it and the bank can draw the same paper again; students never see it.
type Seed [32]byte

// chance is the stream of random numbers that follows from a seed: ChaCha8, whose output is specified. What is made of the stream is written out here, because a library's
// ways may change and a paper must stay what it was.
type chance struct{ source *rand.ChaCha8 }

// Purposes keep the streams of one seed apart, so that a generator that asks for more numbers does not change the options' order.
const (
	forDraw    = 'd'
	forArrange = 'a'
	forBlind   = 'b'
)

func (s Seed) chance(purpose byte) chance {
	s[0] ^= purpose
	return chance{rand.NewChaCha8(s)}
}

// below returns a number from 0 to n-1, each as likely as the other: what is left over at the end of the range is thrown away.
func (c chance) below(n int) int {
	bound := uint64(n)
	leftover := -bound % bound // 2^64 mod n
	for {
		if v := c.source.Uint64(); v >= leftover {
			return int(v % bound)
		}
	}
}

// shuffle puts a list into random order (Fisher and Yates).
func shuffle[T any](c chance, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := c.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}

// uuid returns a UUID of version 4.
func (c chance) uuid() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], c.source.Uint64())
	binary.BigEndian.PutUint64(id[8:], c.source.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}
