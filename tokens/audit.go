package tokens

import (
	"context"
	"log/slog"
	"time"

	"github.com/jacinth-rpc/jacinth"
)

const (
	warnBefore = 14 * 24 * time.Hour // a token expires
	warnEvery  = 24 * time.Hour
)

// lineKey is what a line of the audit log is written for once a body.
type lineKey struct{ authorizer *Authorizer }

// tells reports whether a decision is written to the audit log. Of a probe it is only if it tried a token. What is wrong
// with a token is written once for each body, with the first call.
func (a *Authorizer) tells(ctx context.Context, req *jacinth.Request, d *decision) bool {
	switch {
	case req.Probe:
		return d.fresh && d.reason != granted
	case !d.isOfToken():
		return true
	}
	first := false
	_, _ = req.Once(context.WithoutCancel(ctx), lineKey{a}, func() (any, error) {
		first = true
		return nil, nil
	})
	return first
}

// isOfToken reports whether every call of the body is denied for the same reason.
func (d *decision) isOfToken() bool {
	switch d.reason {
	case granted, noScope, overRate, overInFlight:
		return false
	}
	return true
}

// log writes a decision to the audit log.
func (a *Authorizer) log(ctx context.Context, req *jacinth.Request, d *decision, now time.Time) {
	level, verdict := slog.LevelInfo, "allow"
	if d.reason != granted {
		level, verdict = slog.LevelWarn, "deny"
	}
	if !a.audit.Enabled(ctx, level) || !a.tells(ctx, req, d) {
		return
	}
	dropped := 0
	if d.reason != granted {
		var logged bool
		if logged, dropped = a.addresses.line(parseAddress(req.Address), a.clock(now)); !logged {
			return
		}
	}
	var list [9]slog.Attr
	attributes := append(list[:0],
		slog.String("decision", verdict), slog.String("method", req.Method.Name), slog.String("address", req.Address))
	if d.id != "" {
		attributes = append(attributes, slog.String("token", d.id))
	}
	if d.profile != nil {
		attributes = append(attributes, slog.String("name", d.profile.record.Name))
	}
	if d.reason != granted {
		attributes = append(attributes, slog.String("reason", string(d.reason)))
	}
	if d.cause != nil {
		attributes = append(attributes, slog.String("error", Redact(d.cause.Error())))
	}
	if id := req.ID(); id != nil {
		attributes = append(attributes, slog.String("request_id", Redact(string(id)))) // whoever calls can put anything there
	}
	if dropped > 0 {
		attributes = append(attributes, slog.Int("dropped", dropped))
	}
	a.audit.LogAttrs(ctx, level, "authorization", attributes...)
}

// warn says in the audit log, once a day for each token that is in use, that it is about to expire or never will.
func (a *Authorizer) warn(ctx context.Context, p *profile, now time.Time) {
	never := p.record.NeverExpires()
	if a.audit == nil || !never && p.record.Expires.Sub(now) > warnBefore {
		return
	}
	last, second := p.usage.warned.Load(), now.Unix()
	if within(last, second, warnEvery) || !p.usage.warned.CompareAndSwap(last, second) {
		return
	}
	if never {
		a.audit.LogAttrs(ctx, slog.LevelWarn, "token never expires",
			slog.String("token", p.record.ID), slog.String("name", p.record.Name))
		return
	}
	a.audit.LogAttrs(ctx, slog.LevelWarn, "token expires soon", slog.String("token", p.record.ID),
		slog.String("name", p.record.Name), slog.Time("expires", p.record.Expires))
}
