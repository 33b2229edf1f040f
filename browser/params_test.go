package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	gotoken "go/token"
	"log/slog"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/jacinth-rpc/jacinth"
)

// wholes has a method for each kind of params that are no struct.
func wholes(t *testing.T) string {
	t.Helper()
	svc := jacinth.New(jacinth.Config{Name: "wholes", Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, "sum", func(_ context.Context, list []int8) (int, error) {
		sum := 0
		for _, number := range list {
			sum += int(number)
		}
		return sum, nil
	}, jacinth.Example([]int{1, 2, 3}, 6))
	jacinth.Public(svc, "count", func(_ context.Context, names map[string]bool) (int, error) { return len(names), nil },
		jacinth.Example(map[string]bool{"a": true, "b": false}, 2))
	jacinth.Public(svc, "raw", func(_ context.Context, params json.RawMessage) (json.RawMessage, error) { return params, nil })
	jacinth.Public(svc, "none", func(context.Context, jacinth.None) (string, error) { return "nothing", nil })
	return run(t, svc)
}

// choose opens a method and waits until it is the one that shows.
func (p *tab) choose(method string) {
	p.t.Helper()
	link := fmt.Sprintf(`[data-method=%q]`, method)
	p.click(link)
	p.wait(link + "[aria-current]")
}

// answers calls the method that shows and returns what its result shows as.
func (p *tab) answers() string {
	p.t.Helper()
	p.click("#send")
	p.wait("#answer[data-state=ok]")
	return strings.TrimSpace(p.text("#answer [data-result]"))
}

func TestExplorer_offersAFormForParamsThatAreAList(t *testing.T) {
	p := explore(t, wholes(t))
	p.choose("sum")
	p.click("#params-form [data-add]")
	p.fill(`[data-path="/0"] [data-input]`, "40")
	p.click("#params-form [data-add]")
	p.fill(`[data-path="/1"] [data-input]`, "200")
	p.click("#send")
	p.wait("#answer[data-state=error]")
	if fault := p.text(`[data-path="/1"] .fault`); !strings.Contains(fault, "127") {
		t.Errorf("at the second item the form says %q, want its fault", fault)
	}
	p.fill(`[data-path="/1"] [data-input]`, "\b\b\b2")
	if got := p.answers(); got != "42" {
		t.Errorf("the sum shows as %q, want 42", got)
	}
	p.click(`[data-example="0"]`)
	if got := p.answers(); got != "6" {
		t.Errorf("the sum of the example shows as %q, want 6", got)
	}
}

func TestExplorer_offersAFormForParamsThatAreAMap(t *testing.T) {
	p := explore(t, wholes(t))
	p.choose("count")
	p.click("#params-form [data-add]")
	p.fill("#params-form [data-key]", "a/b")
	p.click("#send")
	p.wait("#answer[data-state=ok]") // an entry without a value is left out
	p.do(chromedp.SetValue(chromedp.CSS(`[data-path="/a~1b"] select`), "0"))
	if got := p.answers(); got != "1" {
		t.Errorf("the count shows as %q, want 1", got)
	}
	p.click(`[data-example="0"]`)
	if got := p.answers(); got != "2" {
		t.Errorf("the count of the example shows as %q, want 2", got)
	}
}

func TestExplorer_offersJSONForParamsOfNoKind(t *testing.T) {
	p := explore(t, wholes(t))
	p.choose("raw")
	p.fill("#params-form [data-input]", `{"n":9007199254740993}`)
	if got := p.answers(); !strings.Contains(got, "9007199254740993") {
		t.Errorf("the params come back as %q, want every digit", got)
	}
	p.choose("none")
	if form := p.text("#params-form"); form != "This method takes no params." {
		t.Errorf("the form of a method without params says %q", form)
	}
	if got := p.answers(); got != `"nothing"` {
		t.Errorf("the result shows as %q", got)
	}
}

// press sends keys to whatever has the focus.
func (p *tab) press(keys string, options ...chromedp.KeyOption) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys, options...))
}

func TestExplorer_isUsedByKeysAlone(t *testing.T) {
	p := explore(t, wholes(t))
	p.press("/" + kb.Backspace) // the driver types what the page keeps from being typed
	p.press("rAw")
	p.waitGone(`li:not([hidden]) > [data-method="sum"]`)
	p.press(kb.Enter)
	p.wait(`[data-method="raw"][aria-current]`)
	p.do(chromedp.Focus(chromedp.CSS("#params-form [data-input]")))
	p.press("[7]")
	p.press(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	p.wait("#answer[data-state=ok]")
	if got := p.text("#answer [data-result]"); !strings.Contains(got, "7") {
		t.Errorf("the result shows as %q, want the params", got)
	}
	p.press(kb.Escape) // leaves the field
	p.press("?")
	p.wait("#help[open]")
	p.press(kb.Escape)
	p.waitGone("#help[open]")
}

// TestExplorer_showsACallAsCode takes what a shell or Go would read in another way through both.
func TestExplorer_showsACallAsCode(t *testing.T) {
	p := explore(t, wholes(t))
	p.choose("raw")
	p.fill("#params-form [data-input]", "{\"it's\":\"$HOME `id` \\\\ \\u0007\",\"n\":9007199254740993.10}")
	p.click("#tab-code")
	shell, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.getElementById("code-curl").textContent`))
	if err != nil {
		t.Fatal(err)
	}
	want := `-d '{"jsonrpc":"2.0","id":1,"method":"raw","params":{"it'\''s":"$HOME ` + "`id`" + ` \\ \u0007","n":9007199254740993.10}}'`
	if !strings.HasSuffix(shell, want) {
		t.Errorf("curl shows as\n%s\nwant it to end with\n%s", shell, want)
	}
	snippet, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.getElementById("code-go").textContent`))
	if err != nil {
		t.Fatal(err)
	}
	program := "package main\nfunc main() {\n" + snippet + "\n}"
	if _, err := parser.ParseFile(gotoken.NewFileSet(), "shown.go", program, 0); err != nil {
		t.Errorf("%v in\n%s", err, program)
	}
	if !strings.Contains(snippet, `json.RawMessage("9007199254740993.10")`) || !strings.Contains(snippet, "`id`") {
		t.Errorf("Go shows as\n%s\nwant the number with every digit and the text as it is", snippet)
	}
}

// TestExplorer_namesEveryControl holds that nothing on the page is without a name for those who do not see it.
func TestExplorer_namesEveryControl(t *testing.T) {
	p := explore(t, wholes(t))
	for _, method := range []string{"sum", "count", "raw", "none"} {
		p.choose(method)
		evaluate[bool](p, `(document.querySelectorAll("#params-form [data-add]").forEach((button) => button.click()), true)`)
		nameless := evaluate[[]string](p, `[...document.querySelectorAll("input, select, textarea, button")]
			.filter((control) => control.offsetParent && !control.ariaLabel && ![control, ...control.labels ?? []].some((named) => named.textContent.trim()))
			.map((control) => control.outerHTML)`)
		dangling := evaluate[[]string](p, `[...document.querySelectorAll("[aria-labelledby]")]
			.filter((group) => !document.getElementById(group.getAttribute("aria-labelledby"))).map((group) => group.outerHTML)`)
		if len(nameless)+len(dangling) > 0 {
			t.Errorf("for %s the page has controls without a name %q, and groups named by nothing %q", method, nameless, dangling)
		}
	}
}
