package tokens_test

import (
	"errors"
	"hash/crc32"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/tokens"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// reseal returns body with its check digits, as the documentation defines them.
func reseal(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	digits := [6]byte{}
	for i := range digits {
		digits[5-i] = base62[sum%62]
		sum /= 62
	}
	return body + string(digits[:])
}

func TestIssue_tokensHaveTheDocumentedForm(t *testing.T) {
	store := newMemory(t)
	documented := regexp.MustCompile(`^jcn_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}$`)
	seen := map[string]bool{}
	counts := map[rune]int{}
	for range 2000 {
		secret, record := issue(t, store, tokens.Draft{Name: "form"})
		token := secret.Reveal()
		if !documented.MatchString(token) {
			t.Fatalf("token = %q, want %v", token, documented)
		}
		if id, err := tokens.ParseID(token); err != nil || id != record.ID || !strings.HasPrefix(token, id+"_") {
			t.Fatalf("ParseID(%q) = %q, %v, want %q", token, id, err, record.ID)
		}
		if seen[record.ID] {
			t.Fatalf("the id %s was drawn twice in 2000", record.ID)
		}
		seen[record.ID] = true
		if token != reseal(token[:len(token)-6]) {
			t.Fatalf("token = %q, want the check digits of %q", token, reseal(token[:len(token)-6]))
		}
		for _, c := range token[13:45] {
			counts[c]++
		}
	}
	// 64,000 characters: about 1032 of each, and the odds against one being 250 off are beyond 10^13.
	for _, c := range base62 {
		if counts[c] < 782 || counts[c] > 1282 {
			t.Errorf("the character %q was drawn %d times of 64000, want about 1032", c, counts[c])
		}
	}
}

func TestPattern_findsTokensInText(t *testing.T) {
	if got, want := tokens.Pattern(tokens.DefaultPrefix), `\bjcn_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\b`; got != want {
		t.Errorf("Pattern(%q) = %q, want %q", tokens.DefaultPrefix, got, want)
	}
	secret, _ := issue(t, newMemory(t), tokens.Draft{Name: "scan", Prefix: "acme_live_"})
	text := "TOKEN=" + secret.Reveal() + "\n"
	if got := regexp.MustCompile(tokens.Pattern("acme_live_")).FindString(text); got != secret.Reveal() {
		t.Errorf("the pattern found %q in %q", got, text)
	}
}

func TestParseID_refusesJunk(t *testing.T) {
	token := randomToken(t)
	long := reseal(strings.Repeat("a", 24) + "_" + token[4:45])
	for _, junk := range []string{
		"", "x", "_", "hunter2", "jcn_", token[1:], token[:len(token)-1], token + "0", " " + token, token + " ", token + "\n",
		strings.ToUpper(token), "Bearer " + token, strings.Repeat("a", 10_000), strings.Repeat("_", 51), long,
		reseal("JCN_" + token[4:45]), reseal("jcn__" + token[4:45]), reseal("_jcn_" + token[4:45]), reseal("1cn_" + token[4:45]),
		reseal("jcn-" + token[4:45]), reseal("jcn_" + token[4:12] + "-" + token[13:45]), reseal("jcn_" + token[4:44] + "é"[:1]),
		reseal("jcn_" + token[4:44] + "!"), reseal("jcn_" + token[4:11] + "-_" + token[13:45]),
	} {
		if id, err := tokens.ParseID(junk); !errors.Is(err, tokens.ErrMalformed) || id != "" {
			t.Errorf("ParseID(%q) = %q, %v, want %v", junk, id, err, tokens.ErrMalformed)
		}
	}
	if _, err := tokens.ParseID(reseal(token[:45])); err != nil {
		t.Errorf("ParseID of the token itself = %v, want none: the cases above would prove nothing", err)
	}
}

func TestParseID_refusesEveryWrongCharacter(t *testing.T) {
	token := randomToken(t)
	for i := range len(token) {
		for _, c := range []byte(base62 + "_-") {
			if c == token[i] {
				continue
			}
			wrong := token[:i] + string(c) + token[i+1:]
			if id, err := tokens.ParseID(wrong); err == nil {
				t.Fatalf("ParseID(%q) = %q, want an error: character %d is not that of %q", wrong, id, i, token)
			}
		}
	}
}

func TestIssue_refusesPrefixes(t *testing.T) {
	for _, prefix := range []string{"jcn", "_", "Jcn_", "1cn_", "j-n_", "jcn__", "_jcn_", "jcn _", strings.Repeat("a", 24) + "_"} {
		if _, _, err := tokens.Issue(t.Context(), newMemory(t), tokens.Draft{Name: "n", Prefix: prefix}); err == nil {
			t.Errorf("Issue with the prefix %q = no error, want one", prefix)
		}
	}
	for _, prefix := range []string{"a_", "acme_live_", "s3_", strings.Repeat("a", 23) + "_"} {
		secret, record := issue(t, newMemory(t), tokens.Draft{Name: "n", Prefix: prefix})
		if id, err := tokens.ParseID(secret.Reveal()); err != nil || id != record.ID || !strings.HasPrefix(id, prefix) {
			t.Errorf("ParseID of a token with the prefix %q = %q, %v, want %q", prefix, id, err, record.ID)
		}
	}
}

func TestRedact_masksWhateverLooksLikeAToken(t *testing.T) {
	token := randomToken(t)
	id := token[:12]
	mistyped := token[:len(token)-1] + "!"[:0] + string(base62[(strings.IndexByte(base62, token[len(token)-1])+1)%62])
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"nothing_to see", "nothing_to see"},
		{token, id + "_***"},
		{"a " + token + " b " + mistyped, "a " + id + "_*** b " + id + "_***"},
		{`{"token":"` + token + `"}`, `{"token":"` + id + `_***"}`},
	} {
		if got := tokens.Redact(test.text); got != test.want {
			t.Errorf("Redact(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func FuzzParseID(f *testing.F) {
	secret, _ := issue(f, newMemory(f), tokens.Draft{Name: "fuzz"})
	token := secret.Reveal()
	for _, seed := range []string{"", token, token[:45], reseal("a_00000000_" + token[13:45]), strings.Repeat("a", 71), "jcn_\x00", token + token} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}$`)
	f.Fuzz(func(t *testing.T, text string) {
		// A body that is well formed is sealed too, or the fuzzer would have to find a checksum.
		for _, candidate := range []string{text, reseal(text)} {
			id, err := tokens.ParseID(candidate)
			well := form.MatchString(candidate) && len(candidate) <= 24+8+39 && candidate == reseal(candidate[:len(candidate)-6])
			if well != (err == nil) || well && id != candidate[:len(candidate)-39] {
				t.Errorf("ParseID(%q) = %q, %v, want a token: %v", candidate, id, err, well)
			}
		}
	})
}

func TestParseID_takesTheTokenOfTheDocumentation(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(tokens.Pattern("jcn_")).FindAllString(string(doc), -1)
	if len(shown) != 1 {
		t.Fatalf("the documentation shows %q, want one token", shown)
	}
	if id, err := tokens.ParseID(shown[0]); err != nil || id != "jcn_7Qx2LmZ0" {
		t.Errorf("ParseID(%q) = %q, %v, want jcn_7Qx2LmZ0", shown[0], id, err)
	}
}
