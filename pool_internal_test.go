package jacinth

import (
	"testing"

	"github.com/jacinth-rpc/jacinth/internal/codec"
)

// TestRelease_dropsWhatHasGrown holds that one huge request does not keep its memory for the small ones that follow,
// and that nothing of a request is kept but empty buffers.
func TestRelease_dropsWhatHasGrown(t *testing.T) {
	for _, size := range []int{maxPooled, maxPooled + 1} {
		kept := size <= maxPooled
		b := &buffer{reply: make([]byte, size), reserved: 5}
		b.grow(size)
		if got := b.block != nil; got != kept {
			t.Errorf("a body of %d bytes is in a block: %v, want %v", size, got, kept)
		}
		b.release()
		if len(b.body) != 0 || len(b.reply) != 0 || b.reserved != 0 || cap(b.reply) > 0 != kept {
			t.Errorf("of a buffer of %d bytes, %d are kept; want them kept: %v", size, cap(b.reply), kept)
		}
		if cap(b.body) > 0 || b.block != nil {
			t.Errorf("after a body of %d bytes, the next one begins with %d, want 0", size, cap(b.body))
		}
		x := &exchange{service: new(Service), memo: new(memo), body: make([]byte, size), peer: Peer{Token: "secret"}, size: 1, tally: tally{shed: 1, caller: "secret"}}
		x.reply.Bytes = make([]byte, size)
		x.workers = []worker{{writer: codec.Writer{Bytes: make([]byte, size), Limit: 1}, tally: tally{failed: 1, caller: "secret"}}}
		x.replies = append(x.replies, span{worker: 1, code: 1, done: true})
		replies := x.replies
		x.release()
		if x.body != nil || x.reply.Bytes != nil || x.peer.Token != "" || x.size != 0 || x.tally != (tally{}) {
			t.Errorf("an exchange keeps something of its request: %+v", x)
		}
		if got := cap(x.workers[0].writer.Bytes); got > 0 != kept || len(x.workers[0].writer.Bytes) != 0 || x.workers[0].tally != (tally{}) {
			t.Errorf("of a worker's buffer of %d bytes, %d are kept; want it kept: %v", size, got, kept)
		}
		if len(x.replies) != 0 || replies[0] != (span{}) {
			t.Errorf("an exchange keeps what became of its requests: %+v", replies)
		}
	}
}
