package browser_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/jacinth-rpc/jacinth"
)

// patience is how long a step in the browser may take. It bounds a failure, and says nothing of speed.
const patience = 90 * time.Second

// browser is shared by all tests; each opens a tab of its own.
var browser context.Context

func TestMain(m *testing.M) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which Chromium needs where it runs as root, as in containers
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	var stop context.CancelFunc
	browser, stop = chromedp.NewContext(allocator)
	if err := chromedp.Do(browser); err != nil {
		fmt.Fprintf(os.Stderr, "no browser could be started, and these tests need one: install chromium (make deps does).\n%v\n", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	stopAllocator()
	os.Exit(code)
}

// tab is one page in the browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu      sync.Mutex
	console []string // what the page complained of
}

func open(t *testing.T, url string) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		messages := chromedp.Console(ctx)
		go func() {
			for message, err := range messages {
				if err != nil {
					return
				}
				p.mu.Lock()
				p.console = append(p.console, fmt.Sprintf("%s: %s", message.Type, message.Text))
				p.mu.Unlock()
			}
		}()
		return nil
	}), chromedp.Navigate(url))
	return p
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatalf("%v\nthe page's console: %q", err, p.complaints())
	}
}

func (p *tab) complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.console...)
}

func (p *tab) click(selector string) { p.t.Helper(); p.do(chromedp.Click(chromedp.CSS(selector))) }

// enter presses a button by the keyboard. A click goes to where the button was, which on a busy machine may be a moment
// before the page has its shape.
func (p *tab) enter(selector string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS(selector), kb.Enter))
}

func (p *tab) wait(selector string) {
	p.t.Helper()
	p.do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

func (p *tab) fill(selector, text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (p *tab) waitGone(selector string) {
	p.t.Helper()
	p.do(chromedp.WaitNotPresent(chromedp.CSS(selector)))
}

func (p *tab) text(selector string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		p.t.Fatalf("the text of %s: %v", selector, err)
	}
	return text
}

func evaluate[T any](p *tab, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// run serves svc as its users do, with the explorer beside it, and returns its address.
func run(t *testing.T, svc *jacinth.Service) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	return "http://" + listener.Addr().String()
}

const token = "a token for the browser tests"

// personParams has something for each kind of fault.
type personParams struct {
	Name string `json:"name" doc:"as it stands on the passport" minLength:"1" maxLength:"40"`
	Age  int    `json:"age" min:"0" max:"150"`
}

func people(t *testing.T) (address string, made *[]personParams) {
	t.Helper()
	svc := jacinth.New(jacinth.Config{
		Name: "people", Version: "1.0", Description: "Knows people.", Logger: slog.New(slog.DiscardHandler),
		Authorize: jacinth.Tokens(token),
	})
	made = new([]personParams)
	jacinth.Public(svc.Group("people"), "create", func(_ context.Context, p personParams) (string, error) {
		*made = append(*made, p)
		return fmt.Sprintf("%s is %d", p.Name, p.Age), nil
	}, jacinth.Doc("Creates a person."))
	jacinth.Public(svc, "fail", func(context.Context, jacinth.None) (string, error) {
		return "", &jacinth.Error{Code: 409, Message: "There is one already.", Data: map[string]int{"id": 7}}
	})
	jacinth.Private(svc, "vault.open", func(context.Context, jacinth.None) (string, error) { return "gold", nil })
	return run(t, svc), made
}

func explore(t *testing.T, address string) *tab {
	t.Helper()
	p := open(t, address+"/explorer")
	p.wait(`#methods[data-state=ready]`)
	return p
}

func TestExplorer_findsFillsAndCallsAMethod(t *testing.T) {
	address, made := people(t)
	p := explore(t, address)
	p.fill("#search", "create")
	p.waitGone(`li:not([hidden]) > [data-method="fail"]`)
	p.click(`[data-method="people.create"]`)
	p.fill(`[data-path="/name"] [data-input]`, "Ada Lovelace")
	p.fill(`[data-path="/age"] [data-input]`, "36")
	p.click("#send")
	p.wait("#answer[data-state=ok]")
	if got := p.text("#answer [data-result]"); !strings.Contains(got, "Ada Lovelace is 36") {
		t.Errorf("the result shows %q, want what the method returned", got)
	}
	if len(*made) != 1 || (*made)[0] != (personParams{"Ada Lovelace", 36}) {
		t.Errorf("the method got %v, want the values of the form, once", *made)
	}
}

func TestExplorer_showsEachFaultAtItsField(t *testing.T) {
	address, made := people(t)
	p := explore(t, address)
	p.click(`[data-method="people.create"]`)
	p.fill(`[data-path="/age"] [data-input]`, "200")
	p.click("#send")
	p.wait("#answer[data-state=error]")
	p.wait(`#answer [data-error-code="-32602"]`)
	for path, want := range map[string]string{"/name": "", "/age": "150"} {
		fault := p.text(fmt.Sprintf(`[data-path=%q] .fault`, path))
		if fault == "" || !strings.Contains(fault, want) {
			t.Errorf("at %s the form says %q, want its fault", path, fault)
		}
	}
	if len(*made) != 0 {
		t.Errorf("the method ran with %v", *made)
	}

	p.fill(`[data-path="/name"] [data-input]`, "Ada")
	p.fill(`[data-path="/age"] [data-input]`, "\b\b\b36") // over what stands there
	p.click("#send")
	p.wait("#answer[data-state=ok]")
	p.waitGone(`.fault:not([hidden])`)
}

func TestExplorer_showsTheErrorOfAMethod(t *testing.T) {
	address, _ := people(t)
	p := explore(t, address)
	p.click(`[data-method="fail"]`)
	p.click("#send")
	p.wait(`#answer [data-error-code="409"]`)
	if got := p.text(`#answer [data-error-code="409"]`); got != "There is one already." {
		t.Errorf("the message shows as %q", got)
	}
}

func TestExplorer_showsPrivateMethodsToThoseWhoMayCallThem(t *testing.T) {
	address, _ := people(t)
	p := explore(t, address)
	if there := evaluate[bool](p, `document.querySelector('[data-method="vault.open"]') !== null`); there {
		t.Error("a private method is listed for a visitor without a token")
	}
	p.fill("#token", token)
	p.click("#token-use")
	p.wait("#token-form[data-state=used]")
	p.click(`[data-method="vault.open"]`)
	p.click("#send")
	p.wait("#answer[data-state=ok]")
	if got := p.text("#answer [data-result]"); !strings.Contains(got, "gold") {
		t.Errorf("the private method shows %q, want its result", got)
	}
	if kept := evaluate[string](p, `JSON.stringify(localStorage) + document.cookie`); strings.Contains(kept, token) {
		t.Errorf("the token is kept beyond the tab: %s", kept)
	}
	p.click("#token-forget")
	p.waitGone(`[data-method="vault.open"]`)

	p.fill("#token", "a wrong token, as long as the right one")
	p.click("#token-use")
	p.wait("#token-form[data-state=refused]")
	if notice := p.text("#notice"); !strings.Contains(notice, "token") {
		t.Errorf("after a wrong token the page says %q", notice)
	}
	if there := evaluate[bool](p, `document.querySelector('[data-method="vault.open"]') !== null`); there {
		t.Error("a private method is listed for a wrong token")
	}
}

func TestExplorer_sendsABatchInOrder(t *testing.T) {
	address, made := people(t)
	p := explore(t, address)
	p.click(`[data-method="people.create"]`)
	p.fill(`[data-path="/name"] [data-input]`, "Ada")
	p.fill(`[data-path="/age"] [data-input]`, "36")
	p.click("#queue")
	p.click(`[data-method="fail"]`)
	p.click("#queue")
	p.click("#tab-batch")
	p.click("#batch-send")
	p.wait("#batch[data-state=done]")
	first, second := p.text(`#batch [data-item="0"]`), p.text(`#batch [data-item="1"]`)
	if !strings.Contains(first, "Ada is 36") || !strings.Contains(second, "There is one already.") {
		t.Errorf("the batch shows %q and %q, want the result and the error in order", first, second)
	}
	if len(*made) != 1 {
		t.Errorf("the method ran %d times, want once", len(*made))
	}
}

// TestExplorer_runsNothingThatADescriptionSays puts markup and scripts into every text that a service controls.
func TestExplorer_runsNothingThatADescriptionSays(t *testing.T) {
	const hostile = `<script>window.hacked=1</script><img src=x onerror="window.hacked=1"><a href="javascript:window.hacked=1">x</a>{{constructor.constructor('window.hacked=1')()}}`
	svc := jacinth.New(jacinth.Config{
		Name: "hostile", Version: hostile, Description: hostile, Logger: slog.New(slog.DiscardHandler),
	})
	type params struct {
		Text string `json:"<b onmouseover=window.hacked=1>" doc:"<script>window.hacked=1</script><svg onload=window.hacked=1>" default:"<script>window.hacked=1</script>"`
	}
	jacinth.Public(svc, "echo", func(_ context.Context, p params) (map[string]string, error) {
		return map[string]string{hostile: p.Text}, nil
	}, jacinth.Doc(hostile))
	jacinth.Public(svc, "fail", func(context.Context, jacinth.None) (string, error) {
		return "", &jacinth.Error{Code: 1, Message: hostile, Data: hostile}
	})
	p := explore(t, run(t, svc))
	for _, method := range []string{"echo", "fail"} {
		p.enter(fmt.Sprintf(`[data-method=%q]`, method))
		p.wait(fmt.Sprintf(`[data-method=%q][aria-current]`, method))
		p.enter("#send")
		p.do(chromedp.WaitVisible(chromedp.CSS("#answer[data-state=ok], #answer[data-state=error]")))
	}
	p.click("#tab-history")
	p.wait("#history-list")
	p.click("#tab-code")
	if hacked := evaluate[bool](p, `"hacked" in window`); hacked {
		t.Error("something that the service said was run")
	}
	if text := p.text("body"); !strings.Contains(text, "<script>window.hacked=1</script>") {
		t.Error("the hostile text is not shown as text, so that the test proves nothing")
	}
	if scripts := evaluate[int](p, `[...document.scripts].filter(s => new URL(s.src || "about:blank").origin !== location.origin).length`); scripts != 0 {
		t.Errorf("%d scripts are not the page's own", scripts)
	}
	if complaints := p.complaints(); len(complaints) > 0 {
		t.Errorf("the page complained: %q", complaints)
	}
}

// TestExplorer_callsNobodyElse opens the page with addresses of another server in its own.
func TestExplorer_callsNobodyElse(t *testing.T) {
	address, _ := people(t)
	called := make(chan string, 10)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { called <- r.URL.String() }))
	defer other.Close()
	for _, suffix := range []string{"?url=" + other.URL, "?endpoint=" + other.URL + "/api", "#" + other.URL, "#url=" + other.URL} {
		p := open(t, address+"/explorer"+suffix)
		p.wait("#methods[data-state=ready]")
	}
	select {
	case url := <-called:
		t.Errorf("the page called another server: %s", url)
	default:
	}
}

// TestPage_ofAnotherSiteCannotCall lets a page of another origin try what it can.
func TestPage_ofAnotherSiteCannotCall(t *testing.T) {
	address, made := people(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>another site</title>")
	}))
	defer site.Close()
	// The same machine by another name is another site to a browser.
	p := open(t, strings.Replace(site.URL, "127.0.0.1", "localhost", 1))
	const body = `{"jsonrpc":"2.0","id":1,"method":"people.create","params":["Mallory",66]}`
	for _, options := range []string{
		`{method:"POST",headers:{"Content-Type":"application/json"},body}`,
		`{method:"POST",headers:{"Content-Type":"text/plain"},body}`,
		`{method:"POST",mode:"no-cors",body}`,
		`{method:"POST",mode:"no-cors",credentials:"include",body:new Blob([body],{type:"text/plain"})}`,
		`{method:"POST",mode:"no-cors",body:new URLSearchParams({x:body})}`,
	} {
		script := fmt.Sprintf(`(() => { const body = %q; return fetch(%q, %s).then(r => r.text()).catch(e => "refused") })()`, body, address+"/api", options)
		if got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise)); err != nil || strings.Contains(got, "Mallory") {
			t.Errorf("fetch with %s: %q, %v", options, got, err)
		}
	}
	if len(*made) != 0 {
		t.Errorf("a page of another site made the method run: %v", *made)
	}
}

// TestPage_ofAListedSiteCalls is the same site once it is listed.
func TestPage_ofAListedSiteCalls(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>a listed site</title>")
	}))
	defer site.Close()
	svc := jacinth.New(jacinth.Config{
		Name: "open", Logger: slog.New(slog.DiscardHandler), Origins: []string{site.URL}, Authorize: jacinth.Tokens(token),
	})
	jacinth.Private(svc, "vault.open", func(context.Context, jacinth.None) (string, error) { return "gold", nil })
	address := run(t, svc)
	p := open(t, site.URL)
	script := fmt.Sprintf(`fetch(%q, {method:"POST",headers:{"Content-Type":"application/json","X-Api-Token":%q},
		body:'{"jsonrpc":"2.0","id":1,"method":"vault.open"}'}).then(r => r.text())`, address+"/api", token)
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if want := `{"jsonrpc":"2.0","id":1,"result":"gold"}`; err != nil || got != want {
		t.Errorf("fetch from a listed site: %q, %v; want %s", got, err, want)
	}
}

var errNoAddress = errors.New("the program did not say where it listens")
