package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

// growth is one question of how the cost of a request grows with something.
type growth struct {
	name        string // in keys and in flags
	title       string
	unit        string // what sizes count
	linear      bool   // the cost is to grow as the size does; otherwise it is to stay the same
	sizes       []int
	connections int
	peer        func(size int) peer
	work        func(size int) workload
	idle        bool // size is how many connections there are that do nothing
	spread      bool // each connection calls another of size methods
}

const (
	largeBatch = 1000
	largeBody  = 1 << 20
)

func growths() []growth {
	plainly := func(int) peer { return grown{} }
	sums := func(items int) workload {
		return workload{"batch-" + strconv.Itoa(items), "", "sum", SumParams{A: 300, B: 400}, 700, items}
	}
	oneSum := func(int) workload { return sums(1) }
	return []growth{
		{
			name: "methods", title: "Methods of the service", unit: "methods", sizes: []int{10, 100, 1000, 10_000, 100_000},
			connections: 64, peer: func(size int) peer { return grown{methods: size} }, work: oneSum, spread: true,
		},
		{
			name: "idle", title: "Idle connections beside 64 busy ones", unit: "connections", sizes: []int{1, 10, 100, 1000, 5000},
			connections: 64, peer: plainly, work: oneSum, idle: true,
		},
		{
			name: "items", title: "Calls in a batch", unit: "calls", linear: true, sizes: []int{1, 3, 10, 30, 100, 300, largeBatch},
			connections: 8, peer: plainly, work: sums,
		},
		{
			name: "bytes", title: "Bytes of a call, nearly all params", unit: "bytes", linear: true,
			sizes: []int{128, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, largeBody}, connections: 8, peer: plainly, work: flatTree,
		},
	}
}

// flatTree is a call of count with a list of nodes, in just less than that many bytes.
func flatTree(size int) workload {
	leaf := Node{Name: "a leaf of a tree", Weight: 1.5, Visible: true, Children: []Node{}}
	root := Node{Name: "root", Children: []Node{}}
	w := workload{"tree-" + strconv.Itoa(size), "", "count", root, 1, 1}
	empty := len(w.jsonRPC(w.method))
	each := len(mustMarshal(leaf)) + len(",")
	for range max(0, size-empty+len(",")) / each {
		root.Children = append(root.Children, leaf)
	}
	w.params, w.result = root, root.size()
	return w
}

// grown is jacinth as its defaults have it, but for batches that are larger, with some methods more.
type grown struct{ methods int }

func (grown) module() string { return "" }
func (grown) client() dialer { return nil }

func (g grown) name() string { return fmt.Sprintf("jacinth with %d methods more", g.methods) }

func (g grown) serve(listener net.Listener) error {
	svc := jacinth.New(jacinth.Config{Name: "bench", Limits: jacinth.Limits{BatchItems: largeBatch}})
	jacinth.Public(svc, "sum", sum)
	jacinth.Public(svc, "count", count)
	for i := range g.methods {
		jacinth.Public(svc, jacinth.Name[SumParams, int](numbered(i)), sum)
	}
	return svc.Serve(context.Background(), listener)
}

func numbered(i int) string { return "group.of_methods.sum_" + strconv.Itoa(i) }

func (grown) request(w *workload) (request, bool) {
	return request{path: "/api", body: w.jsonRPC(w.method)}, true
}

// grownWorkloads are those of all questions, which the floor must have its replies to.
func grownWorkloads() []workload {
	var list []workload
	for _, g := range growths() {
		for _, size := range g.sizes {
			w := g.work(size)
			if !slices.ContainsFunc(list, func(other workload) bool { return other.name == w.name }) {
				list = append(list, w)
			}
		}
	}
	return list
}

// measureGrowth answers all questions, a point of each curve a round.
func (r *run) measureGrowth(ctx context.Context) error {
	for round := range r.rounds {
		fmt.Fprintf(r.status, "round %d of %d\n", round+1, r.rounds)
		for _, g := range r.questions {
			for _, size := range g.sizes {
				both := []peer{floor{}, g.peer(size)}
				for i := range both {
					p := both[(i+round)%len(both)]
					got, err := r.growthPoint(ctx, &g, size, p)
					if err != nil {
						return fmt.Errorf("%s, %d %s: %w", p.name(), size, g.unit, err)
					}
					k := g.key(p, size)
					r.samples[k] = append(r.samples[k], got)
				}
			}
		}
	}
	return nil
}

func (g *growth) key(p peer, size int) key { return key{table: g.name, peer: p.name(), callers: size} }

func (r *run) growthPoint(ctx context.Context, g *growth, size int, p peer) (got sample, err error) {
	s, err := r.server(p)
	if err != nil {
		return got, err
	}
	w := g.work(size)
	var busy, idle []*connection
	defer func() {
		for _, c := range slices.Concat(busy, idle) {
			c.abort()
		}
	}()
	if g.idle {
		plain, _ := p.request(&w)
		for range size {
			c, err := open(ctx, s.address, &plain, &w, smallReply)
			if err != nil {
				return got, err
			}
			idle = append(idle, c)
			if err := c.exchange(); err != nil { // so that it is kept alive, and not new
				return got, err
			}
		}
	}
	for i := range g.connections {
		if g.spread {
			w.method = numbered(i * size / g.connections)
		}
		plain, _ := p.request(&w)
		c, err := open(ctx, s.address, &plain, &w, largeReply)
		if err != nil {
			return got, err
		}
		busy = append(busy, c)
	}
	// A server with very many methods takes its time to begin, which is longer than a reply may take.
	if err := busy[0].socket.SetDeadline(time.Now().Add(6 * patience)); err != nil {
		return got, err
	}
	if err := busy[0].exchange(); err != nil {
		return got, err
	}
	return r.loadServer(s, busy, fmt.Sprintf("%s %s %d", p.name(), g.name, size))
}

// growthReport writes what was measured as tables.
func (r *run) growthReport(took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d rounds of %v a point, %v in all.\n", machine(), r.rounds, r.slot, took.Round(time.Second))
	for _, g := range r.questions {
		fmt.Fprintf(&b, "\n### %s\n\n| %s |", g.title, g.unit)
		for _, size := range g.sizes {
			fmt.Fprintf(&b, " %d |", size)
		}
		fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---:|", len(g.sizes)))
		for _, c := range r.curves(&g) {
			fmt.Fprintf(&b, "| %s, µs a request |", c.name)
			for _, p := range c.points {
				fmt.Fprintf(&b, " %s |", figure(p.y))
			}
			fmt.Fprintln(&b)
		}
		c := r.curves(&g)[0]
		first, last := c.points[0], c.points[len(c.points)-1]
		if !g.linear {
			fmt.Fprintf(&b, "\nFrom the first to the last, the cost of jacinth changes by a factor of %.2f.\n", last.y/first.y)
			continue
		}
		before := c.points[len(c.points)-3]
		fmt.Fprintf(&b, "\nOver the last three sizes, the cost of jacinth grows as the size to the power of %.2f; at the end one "+
			"of the %s costs %.0f ns.\n", math.Log(last.y/before.y)/math.Log(last.x/before.x), g.unit, last.y/last.x*1000)
	}
	return b.String()
}

// figure writes a number with three digits that matter.
func figure(y float64) string {
	return strconv.FormatFloat(y, 'f', max(0, 2-int(math.Floor(math.Log10(max(y, 1))))), 64)
}

// curves returns the medians of a question: first jacinth, then the floor.
func (r *run) curves(g *growth) []curve {
	ours, theirs := curve{name: "jacinth"}, curve{name: floor{}.name()}
	for _, size := range g.sizes {
		x := float64(size)
		ours.points = append(ours.points, point{x, r.samples.median(g.key(g.peer(size), size), (*sample).serverCPU)})
		theirs.points = append(theirs.points, point{x, r.samples.median(g.key(floor{}, size), (*sample).serverCPU)})
	}
	return []curve{ours, theirs}
}

// plotGrowth draws what was measured into a file.
func (r *run) plotGrowth(path string) error {
	var panels []panel
	for _, g := range r.questions {
		panels = append(panels, panel{title: g.title, steep: g.linear, bytes: g.unit == "bytes", curves: r.curves(&g)})
	}
	return os.WriteFile(path, plot(panels), 0o644) //nolint:gosec // the path is the user's flag, and a picture no secret
}
