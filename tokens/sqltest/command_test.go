package sqltest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/tokens"
)

// TestCommand_postgres issues, rotates and revokes tokens by the command jacinth, and finds by the library what it did.
// The scripts of the command do the same with its other stores.
func TestCommand_postgres(t *testing.T) {
	server := startedPostgres(t)
	db := server.database(t, "pgx")
	var name string
	if err := db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "jacinth")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Dir = filepath.Join("..", "..", "cmd", "jacinth")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	jacinth := func(input string, words ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), binary, append([]string{"token"}, words...)...)
		command.Env = append(os.Environ(), "JACINTH_STORE=postgres://tester@/"+name+"?sslmode=disable&host="+server.directory)
		command.Stdin = strings.NewReader(input)
		var out, complaint bytes.Buffer
		command.Stdout, command.Stderr = &out, &complaint
		if err := command.Run(); err != nil {
			t.Fatalf("jacinth token %s: %v\n%s", strings.Join(words, " "), err, &complaint)
		}
		return strings.TrimSpace(out.String())
	}

	token := jacinth("", "new", "crm", "--scope", "invoice.*")
	keeper := tokens.NewSQL(db)
	record, err := tokens.Verify(t.Context(), keeper, token)
	if err != nil || record.Name != "crm" || record.Scopes.Allow("invoice.pay") == false {
		t.Fatalf("what the command issued is %+v, %v", record, err)
	}
	if shown := jacinth(token, "verify"); !strings.Contains(shown, "active") {
		t.Errorf("verify = %s, want it active", shown)
	}
	next := jacinth("", "rotate", record.ID)
	if successor, err := tokens.Verify(t.Context(), keeper, next); err != nil || successor.Name != "crm" {
		t.Errorf("the successor is %+v, %v", successor, err)
	}
	jacinth("", "revoke", record.ID)
	if record, err = keeper.Lookup(t.Context(), record.ID); err != nil || record.Revoked.IsZero() {
		t.Errorf("after revoke the record is %+v, %v", record, err)
	}
	if list := jacinth("", "list"); !strings.Contains(list, "revoked") || strings.Count(list, "\n") != 2 || strings.Contains(list, token[13:]) {
		t.Errorf("list = %s, want two tokens, one of them revoked", list)
	}
}
