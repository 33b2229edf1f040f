package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func newTokenNewCommand() *cobra.Command {
	var store tokenStore
	var draft tokens.Draft
	var networks []string
	var begin string
	lifetime := lifetimeValue(tokens.DefaultLifetime)
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Issue a token",
		Long: `Issues a token and prints it, alone, to the standard output. It is the only time that
the token is to be had: the store keeps a hash. A store that is not there is made.

NAME says who will call with it; handlers and logs get to see it. Without a scope
the token may call nothing. A scope is the full name of a method, what its Scope
option says, or a family of names, such as 'invoice.*'.`,
		Example: `  jacinth token new crm --store file:tokens.json --scope 'invoice.*' > crm.token
  jacinth token new backup --store sqlite:tokens.db --scope db.dump --network 10.0.0.0/8 --lifetime 30d`,
		Args: words(1, 1),
	}
	set := cmd.Flags()
	store.flags(set)
	set.StringArrayVar((*[]string)(&draft.Scopes), "scope", nil, "grant `SCOPE`; may be given several times")
	set.StringVar(&draft.Owner, "owner", "", "`WHOM` to ask about it")
	set.Var(&lifetime, "lifetime", "`TIME` until it expires: such as 12h or 90d, at most 366d, or never")
	set.StringVar(&begin, "not-before", "", "`MOMENT` before which it does not work, such as 2026-01-31 or 2026-01-31T08:00:00Z")
	set.StringArrayVar(&networks, "network", nil, "let it be used from `NETWORK` only, such as 10.0.0.0/8; may be given several times")
	set.Float64Var(&draft.Limits.PerSecond, "per-second", 0, "bound it to `CALLS` a second in each process of the service; -1 is unlimited")
	set.IntVar(&draft.Limits.Burst, "burst", 0, "let it make `CALLS` at once before --per-second counts (a second's worth)")
	set.IntVar(&draft.Limits.InFlight, "in-flight", 0, fmt.Sprintf("let `CALLS` of it run at a time; -1 is unlimited (%d)", tokens.DefaultInFlight))
	set.StringVar(&draft.Prefix, "prefix", "", "`TEXT` that it begins with, such as acme_live_ ("+tokens.DefaultPrefix+")")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		draft.Name, draft.Lifetime = given[0], time.Duration(lifetime)
		for _, text := range networks {
			network, err := netip.ParsePrefix(text)
			if err != nil {
				return failure.Usagef("--network %q is no network such as 10.0.0.0/8", text)
			}
			draft.Networks = append(draft.Networks, network)
		}
		var err error
		if draft.NotBefore, err = parseMoment(begin); err != nil {
			return err
		}
		return issueToken(cmd, &store, draft)
	}
	return cmd
}

// issueToken issues a token once it is known that it can be.
func issueToken(cmd *cobra.Command, store *tokenStore, draft tokens.Draft) error {
	trial, err := tokens.NewMemory()
	if err != nil {
		return err
	}
	if _, _, err := tokens.Issue(cmd.Context(), trial, draft); err != nil {
		return failure.Usagef("such a token cannot be: %w", err)
	}
	keeper, closeIt, err := store.open(cmd.Context(), true)
	if err != nil {
		return err
	}
	defer closeIt()
	secret, record, err := tokens.Issue(cmd.Context(), keeper, draft)
	if err != nil {
		return tokenFailure(cmd.Context(), err)
	}
	return printSecret(cmd, secret, &record)
}

func newTokenRotateCommand() *cobra.Command {
	var store tokenStore
	overlap := overlapValue(tokens.DefaultOverlap)
	cmd := &cobra.Command{
		Use:   "rotate ID",
		Short: "Replace a token by a new one",
		Long: `Issues a successor of a token, with all that the token has, and prints it, alone, to
the standard output. The old one works on for a while, so that no caller is without;
--overlap 0 ends it at once. A token has one successor: rotate that next time.`,
		Example: `  jacinth token rotate jcn_7Qx2LmZ0 --store file:tokens.json > crm.next`,
		Args:    oneID,
	}
	store.flags(cmd.Flags())
	cmd.Flags().Var(&overlap, "overlap", "`TIME` for which the old token works on, such as 1h or 7d")
	cmd.RunE = tokenWork(&store, func(cmd *cobra.Command, keeper tokens.Keeper, given []string) error {
		secret, record, err := tokens.Rotate(cmd.Context(), keeper, given[0], time.Duration(overlap))
		if record.ID == "" {
			return tokenFailure(cmd.Context(), err)
		}
		return errors.Join(printSecret(cmd, secret, &record), tokenFailure(cmd.Context(), err))
	})
	return cmd
}

func newTokenRevokeCommand() *cobra.Command {
	var store tokenStore
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a token for good",
		Long: `Ends a token for good. Services refuse it within 30 seconds. Its record stays, and
tells when it was revoked. A successor that it has is another token, and stays.`,
		Example: `  jacinth token revoke jcn_7Qx2LmZ0 --store file:tokens.json`,
		Args:    oneID,
	}
	store.flags(cmd.Flags())
	cmd.RunE = tokenWork(&store, func(cmd *cobra.Command, keeper tokens.Keeper, given []string) error {
		record, err := tokens.Revoke(cmd.Context(), keeper, given[0])
		if err != nil {
			return tokenFailure(cmd.Context(), err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s of %s is revoked since %s\n", record.ID, terminal.Line(record.Name), moment(record.Revoked))
		return err
	})
	return cmd
}

// parseMoment reads a day, which begins in UTC, or a time, zero for none.
func parseMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, failure.Usagef("--not-before %q is no day such as 2026-01-31, nor a time such as 2026-01-31T08:00:00Z", text)
}

// parseDays reads a time that may be in days.
func parseDays(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	if number, ok := strings.CutSuffix(text, "d"); ok {
		if days, err := strconv.Atoi(number); err == nil && 0 <= days && days <= 100_000 {
			return time.Duration(days) * day, nil
		}
	} else if length, err := time.ParseDuration(text); err == nil && length >= 0 {
		return length, nil
	}
	return 0, fmt.Errorf("%q is no time such as 12h or 90d", text)
}

// days is what parseDays reads.
func days(length time.Duration) string {
	if day := 24 * time.Hour; length%day == 0 && length > 0 {
		return fmt.Sprintf("%dd", length/day)
	}
	return length.String()
}

// lifetimeValue is the value of --lifetime.
type lifetimeValue time.Duration

const never = "never"

func (v *lifetimeValue) Type() string { return "time" }

func (v *lifetimeValue) String() string {
	if time.Duration(*v) == tokens.Never {
		return never
	}
	return days(time.Duration(*v))
}

func (v *lifetimeValue) Set(text string) error {
	if text == never {
		*v = lifetimeValue(tokens.Never)
		return nil
	}
	length, err := parseDays(text)
	if err != nil || length < time.Second || length > tokens.MaxLifetime {
		return fmt.Errorf("%q is no time such as 12h or 90d, from 1s to 366d, nor never", text)
	}
	*v = lifetimeValue(length)
	return nil
}

// overlapValue is the value of --overlap.
type overlapValue time.Duration

func (v *overlapValue) Type() string   { return "time" }
func (v *overlapValue) String() string { return days(time.Duration(*v)) }

func (v *overlapValue) Set(text string) (err error) {
	length, err := parseDays(text)
	*v = overlapValue(length)
	return err
}
