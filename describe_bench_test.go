package jacinth_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth"
)

// newWide returns a service of many private methods. The token "kind n" may call those whose number is not a multiple
// of n+2, so that each token sees a set of its own.
func newWide(methods int) *jacinth.Service {
	config := quiet("wide")
	config.Authorize = func(_ context.Context, req *jacinth.Request) error {
		kind, err := strconv.Atoi(strings.TrimPrefix(string(req.Token), "kind "))
		number, _ := strconv.Atoi(req.Method.Name[len("books.lend"):])
		if err != nil || number%(kind+2) == 1 {
			return jacinth.AccessDenied
		}
		return nil
	}
	svc := jacinth.New(config)
	for i := range methods {
		jacinth.Private(svc, jacinth.Name[book, bookList[book]]("books.lend"+strconv.Itoa(i)),
			func(context.Context, book) (bookList[book], error) { return bookList[book]{}, nil },
			jacinth.Doc("Lends one book. It is to be brought back within three weeks."))
	}
	return svc
}

// BenchmarkDescribe is what a service of many methods costs those who ask about it.
func BenchmarkDescribe(b *testing.B) {
	svc := newWide(5000)
	ask := func(b *testing.B, body string, kinds int) {
		b.Helper()
		b.ReportAllocs()
		var reply []byte
		for i := 0; b.Loop(); i++ {
			reply = svc.Dispatch(context.Background(), jacinth.Peer{Token: jacinth.Token(fmt.Sprintf("kind %d", i%kinds))}, []byte(body), reply[:0])
		}
		b.SetBytes(int64(len(reply)))
	}
	for _, method := range []string{"rpc.discover", "get_service_specs"} {
		one := `{"jsonrpc":"2.0","method":"` + method + `","id":1}`
		b.Run(method+"/single", func(b *testing.B) { ask(b, one, 1) })
		b.Run(method+"/batch", func(b *testing.B) { ask(b, "["+strings.Repeat(one+",", 99)+one+"]", 1) })
		b.Run(method+"/kinds", func(b *testing.B) { ask(b, one, 100) })
	}
}
