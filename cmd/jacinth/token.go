package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func newTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "token",
		Short:   "Issue, show, rotate and revoke the API tokens of a service",
		GroupID: groupRun,
		Long: `Issues, shows, rotates and revokes the API tokens of a service whose authorizer is
tokens.New of the same store.

The store is a file, file:tokens.json; a SQLite database, sqlite:tokens.db; or a
PostgreSQL database, postgres://user@host/name. It holds hashes: a token itself is
printed once, when it is issued, and is to be had from nowhere after that. What a
service is told is effective within 30 seconds.`,
		Example: `  export JACINTH_STORE=file:tokens.json
  jacinth token new crm --scope 'invoice.*' > crm.token
  jacinth token list
  jacinth token rotate jcn_7Qx2LmZ0 > crm.next
  jacinth token revoke jcn_7Qx2LmZ0`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) == 0 {
				return cmd.Help()
			}
			return failure.WithHint(failure.Usagef("there is no command %q of token", tokens.Redact(given[0])), seeHelp(cmd))
		},
	}
	cmd.AddCommand(newTokenNewCommand(), newTokenListCommand(), newTokenShowCommand(), newTokenRotateCommand(),
		newTokenRevokeCommand(), newTokenVerifyCommand())
	return cmd
}

// tokenWork makes the RunE of a command on a store that is there.
func tokenWork(store *tokenStore, work func(cmd *cobra.Command, keeper tokens.Keeper, given []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, given []string) error {
		keeper, closeIt, err := store.open(cmd.Context(), false)
		if err != nil {
			return err
		}
		defer closeIt()
		return work(cmd, keeper, given)
	}
}

// oneID checks that a command is given the id of a token, and does not print what it is given: it may be a token.
func oneID(cmd *cobra.Command, given []string) error {
	if err := words(1, -1)(cmd, given); err != nil {
		return err
	}
	if len(given) > 1 {
		return failure.WithHint(failure.Usagef("more than one id: %s", cmd.UseLine()), seeHelp(cmd))
	}
	if id, err := tokens.ParseID(given[0]); err == nil {
		return failure.WithHint(failure.Usagef("that is a whole token, which other users of this machine can see now"),
			fmt.Sprintf("Its id is %s; revoke it if you do not trust them.", id))
	}
	return nil
}

// printSecret prints a new token, and nothing else, to the output, and what there is to say of it to the error output.
func printSecret(cmd *cobra.Command, secret tokens.Secret, record *tokens.Record) error {
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), secret.Reveal()); err != nil {
		return failure.WithHint(failure.Workf("the token was issued and could not be printed: %w", err),
			fmt.Sprintf("Nobody has it, and nobody can: jacinth token revoke %s", record.ID))
	}
	may := "It may call nothing: it has no scope."
	if len(record.Scopes) > 0 {
		may = "It may call " + strings.Join(record.Scopes, ", ") + "."
	}
	screen := terminal.NewScreen(cmd.ErrOrStderr())
	_, err := fmt.Fprintf(screen, "%s is the id of the token for %s. %s %s\n"+
		"The token itself is shown this once.\n", record.ID, terminal.Line(record.Name), may, expiry(record))
	return err
}

func expiry(record *tokens.Record) string {
	if record.NeverExpires() {
		return "It never expires."
	}
	return "It expires on " + record.Expires.Format("2 January 2006, 15:04") + " UTC."
}

func newTokenVerifyCommand() *cobra.Command {
	var store tokenStore
	var file string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Say what a token is and what is wrong with it",
		Long: `Says what a token is, and ends with 1 if a service would refuse it, be it unknown,
wrong, revoked, expired or not valid yet.

The token is read from a file, from the environment variable JACINTH_TOKEN or from
the standard input. It is never a word of the command line, which other users of
the machine can see.`,
		Example: `  jacinth token verify --store file:tokens.json < crm.token
  jacinth token verify --store sqlite:tokens.db --token-file crm.token`,
		Args: func(cmd *cobra.Command, given []string) error {
			if len(given) > 0 {
				return failure.WithHint(failure.Usagef("a token does not belong on the command line, where others can see it"),
					"Give it to the standard input, or use --token-file or JACINTH_TOKEN.")
			}
			return nil
		},
	}
	store.flags(cmd.Flags())
	cmd.Flags().StringVar(&file, "token-file", "", "read the token from `FILE`; without it from JACINTH_TOKEN, or else from the standard input")
	format := newOutput(cmd, "table", "json")
	cmd.RunE = tokenWork(&store, func(cmd *cobra.Command, keeper tokens.Keeper, _ []string) error {
		token, err := readSecret(cmd, file)
		if err != nil {
			return err
		}
		record, problem := tokens.Verify(cmd.Context(), keeper, token)
		if record.ID != "" {
			if err := printRecord(cmd, format, &record); err != nil {
				return err
			}
		}
		return tokenFailure(cmd.Context(), problem)
	})
	return cmd
}

// maxSecret is more than a token has characters.
const maxSecret = 8 << 10

// readSecret reads a token from where nobody else can see it.
func readSecret(cmd *cobra.Command, file string) (string, error) {
	text := strings.TrimSpace(os.Getenv("JACINTH_TOKEN"))
	switch {
	case file != "":
		content, err := os.ReadFile(file)
		if err != nil {
			return "", failure.Usagef("the token cannot be read: %w", err)
		}
		text = strings.TrimSpace(string(content))
	case text != "":
	default:
		content, err := readInput(cmd)
		if err != nil {
			return "", failure.Usagef("the token cannot be read: %w", err)
		}
		text = strings.TrimSpace(string(content))
	}
	if text == "" {
		return "", failure.Usagef("there is no token: give it to the standard input, or use --token-file or JACINTH_TOKEN")
	}
	return text, nil
}

// readInput reads the standard input, and from a terminal one line that is not shown.
func readInput(cmd *cobra.Command) ([]byte, error) {
	input := cmd.InOrStdin()
	if keyboard, ok := input.(*os.File); ok && term.IsTerminal(int(keyboard.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), "Token: ")
		defer fmt.Fprintln(cmd.ErrOrStderr())
		return term.ReadPassword(int(keyboard.Fd()))
	}
	return io.ReadAll(io.LimitReader(input, maxSecret))
}

// tokenFailure gives what a store answered its exit code.
func tokenFailure(ctx context.Context, err error) error {
	switch {
	case err == nil, ctx.Err() != nil:
		return err
	case errors.Is(err, tokens.ErrNotFound):
		return failure.WithHint(failure.Workf("%w", err), "jacinth token list shows the ids that there are.")
	}
	return failure.Workf("%w", err)
}
