package tokens_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/jacinth-rpc/jacinth/tokens"
)

// holder has a Secret where fmt cannot call its methods, and where encoders look.
type holder struct {
	hidden tokens.Secret
	Shown  tokens.Secret
}

func TestSecret_isMaskedByEveryFormatter(t *testing.T) {
	store := newMemory(t)
	secret, record := issue(t, store, tokens.Draft{Name: "canary"})
	text := secret.Reveal()
	if _, err := tokens.ParseID(text); err != nil {
		t.Fatalf("ParseID(Reveal()) = %v, want none: the test would look for the wrong text", err)
	}
	held := holder{hidden: secret, Shown: secret}

	outputs := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%p", "%T", "%10.3s", "%!"} {
		outputs[verb] = fmt.Sprintf(verb, secret)
		outputs[verb+" pointer"] = fmt.Sprintf(verb, &secret)
		outputs[verb+" inside"] = fmt.Sprintf(verb, held)
		outputs[verb+" pointer inside"] = fmt.Sprintf(verb, &held)
		outputs[verb+" list"] = fmt.Sprintf(verb, []tokens.Secret{secret})
		outputs[verb+" map"] = fmt.Sprintf(verb, map[string]any{"token": secret})
		outputs[verb+" error"] = fmt.Errorf(verb, secret).Error()
	}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("secret", slog.Any("secret", secret), slog.Any("held", held), slog.Any("pointer", &held), slog.Any("record", record))
	}
	outputs["slog"] = log.String()
	outputs["json"] = encoded(t, json.Marshal, held)
	outputs["json key"] = encoded(t, json.Marshal, map[string]any{"a": secret, "b": &secret})
	outputs["xml"] = encoded(t, xml.Marshal, held)
	outputs["gob"] = encoded(t, func(v any) ([]byte, error) {
		var buffer bytes.Buffer
		err := gob.NewEncoder(&buffer).Encode(v)
		return buffer.Bytes(), err
	}, held)
	outputs["text/template"] = encoded(t, func(v any) ([]byte, error) {
		var buffer bytes.Buffer
		err := texttemplate.Must(texttemplate.New("").Parse(`{{.}} {{.Shown}} {{printf "%s" .Shown}}`)).Execute(&buffer, v)
		return buffer.Bytes(), err
	}, held)
	outputs["html/template"] = encoded(t, func(v any) ([]byte, error) {
		var buffer bytes.Buffer
		err := template.Must(template.New("").Parse(`{{.}} <a title="{{.Shown}}"> <script>x = {{.Shown}}</script>`)).Execute(&buffer, v)
		return buffer.Bytes(), err
	}, held)
	yaml, err := secret.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	outputs["yaml"] = fmt.Sprint(yaml)
	outputs["panic"] = func() (text string) {
		defer func() { text = fmt.Sprint(recover()) }()
		panic(secret)
	}()

	secretPart := text[len(record.ID)+1:]
	bytesOf := fmt.Sprintf("%v", []byte(secretPart))
	for name, output := range outputs {
		if strings.Contains(output, secretPart) || strings.Contains(output, fmt.Sprintf("%x", secretPart)) ||
			strings.Contains(output, fmt.Sprintf("%X", secretPart)) || strings.Contains(output, bytesOf) {
			t.Errorf("%s gives the secret away: %q", name, output)
		}
	}
	for _, name := range []string{"%v", "%#v", "%x", "%d", "json", "xml", "gob", "slog", "yaml", "text/template"} {
		if !strings.Contains(outputs[name], "***") {
			t.Errorf("%s = %q, want *** in it", name, outputs[name])
		}
	}
}

func encoded(t *testing.T, encode func(any) ([]byte, error), value any) string {
	t.Helper()
	data, err := encode(value)
	if err != nil {
		t.Errorf("a Secret cannot be encoded: %v", err)
	}
	return string(data)
}

func TestSecret_zeroRevealsNothing(t *testing.T) {
	var secret tokens.Secret
	if got := secret.Reveal(); got != "" {
		t.Errorf("Reveal of the zero Secret = %q, want none", got)
	}
	if got := secret.String(); got != "***" {
		t.Errorf("String of the zero Secret = %q, want ***", got)
	}
}
