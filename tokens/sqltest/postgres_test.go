package sqltest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "github.com/lib/pq"              // the driver "postgres"
)

// postgres is a PostgreSQL server of our own, reached by a socket in its directory and by nothing else.
type postgres struct {
	programs  string // directory of initdb and postgres
	directory string
	identity  *syscall.SysProcAttr // whom it runs as: PostgreSQL refuses to run as root

	server *exec.Cmd
	ended  chan struct{}
}

// errNoPostgres says that there is no PostgreSQL on this machine.
var errNoPostgres = errors.New("PostgreSQL is not installed; on Debian: apt-get install postgresql")

// onePostgres is the server that all tests share.
var onePostgres = sync.OnceValues(newPostgres)

// startedPostgres returns the shared server, or skips the test, loudly, if it cannot be had. A server that is there
// and does not start fails the test.
func startedPostgres(t *testing.T) *postgres {
	t.Helper()
	p, err := onePostgres()
	if errors.Is(err, errNoPostgres) {
		t.Skipf("NOT TESTED on PostgreSQL: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newPostgres() (*postgres, error) {
	programs, err := findPostgres()
	if err != nil {
		return nil, err
	}
	directory, err := os.MkdirTemp("", "pg") // short: the path of a socket has hardly more than 100 bytes
	if err != nil {
		return nil, err
	}
	p := &postgres{programs: programs, directory: directory}
	if err := p.create(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	return p, nil
}

// findPostgres returns the directory of the newest PostgreSQL: Debian keeps the server's programs out of the PATH.
func findPostgres() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errNoPostgres
	}
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) }) // 9 before 15
	return filepath.Dir(found[len(found)-1]), nil
}

// create makes an empty database and starts the server.
func (p *postgres) create() error {
	if os.Getuid() == 0 {
		if err := p.leaveRoot(); err != nil {
			return err
		}
	}
	create := p.command("initdb", "--pgdata", filepath.Join(p.directory, "data"), "--username", "tester", "--auth", "trust",
		"--encoding", "UTF8", "--no-locale", "--no-sync")
	if output, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return p.start()
}

// leaveRoot gives the directory to a user without rights, who runs the server.
func (p *postgres) leaveRoot() error {
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		if err != nil {
			return err
		}
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		if err != nil {
			return err
		}
		p.identity = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return os.Chown(p.directory, int(uid), int(gid))
	}
	return errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

func (p *postgres) command(program string, arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(p.programs, program), arguments...)
	command.Dir = p.directory
	command.SysProcAttr = p.identity
	return command
}

// start runs the server and waits until it answers.
func (p *postgres) start() error {
	p.server = p.command("postgres", "-D", filepath.Join(p.directory, "data"), "-k", p.directory, "-h", "", "-F")
	log, err := os.OpenFile(filepath.Join(p.directory, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	p.server.Stdout, p.server.Stderr = log, log
	if err := p.server.Start(); err != nil {
		return err
	}
	p.ended = make(chan struct{})
	go func() {
		_ = p.server.Wait()
		close(p.ended)
	}()
	db, err := sql.Open("pgx", p.address("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
			continue
		case <-p.ended:
		case <-ctx.Done():
		}
		text, _ := os.ReadFile(filepath.Join(p.directory, "log"))
		return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, text)
	}
}

// stop ends the server. Who waits for an answer gets none.
func (p *postgres) stop() error {
	if err := p.server.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	<-p.ended
	return nil
}

// address is how drivers reach a database of the server.
func (p *postgres) address(database string) string {
	return fmt.Sprintf("host=%s user=tester dbname=%s sslmode=disable", p.directory, database)
}

// database makes an empty database and opens it by a driver.
func (p *postgres) database(t *testing.T, driver string) *sql.DB {
	t.Helper()
	main, err := sql.Open(driver, p.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = main.Close() }()
	databases++
	name := fmt.Sprintf("test%d", databases)
	if _, err := main.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(driver, p.address(name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

var databases int
