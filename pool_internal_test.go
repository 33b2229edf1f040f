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
		b := &buffer{body: make([]byte, size), reply: make([]byte, size), reserved: 5}
		b.release()
		if len(b.body) != 0 || len(b.reply) != 0 || b.reserved != 0 || cap(b.body) > 0 != kept || cap(b.reply) > 0 != kept {
			t.Errorf("of buffers of %d bytes, %d and %d are kept; want them kept: %v", size, cap(b.body), cap(b.reply), kept)
		}
		x := &exchange{body: make([]byte, size), peer: Peer{Token: "secret"}, size: 1, tally: tally{shed: 1, caller: "secret"}}
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
