package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
)

// answer is what matters of the answer to a call.
type answer struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code int `json:"code"`
	} `json:"error"`
}

// judge looks whether a reply answers the calls with the ids from first on. It returns the kind of the first failure,
// or "".
func judge(reply []byte, first int64, batch int) string {
	if batch == 0 {
		var one answer
		if json.Unmarshal(reply, &one) != nil {
			return "the reply is not JSON-RPC"
		}
		return one.judge(first, 1)
	}
	var all []answer
	if json.Unmarshal(reply, &all) != nil {
		var refusal answer // of the whole batch
		if json.Unmarshal(reply, &refusal) == nil && refusal.Error != nil {
			return fmt.Sprintf("error %d for the whole batch", refusal.Error.Code)
		}
		return "the reply is not JSON-RPC"
	}
	if len(all) != batch {
		return "the batch was not answered whole"
	}
	for i := range all {
		if failure := all[i].judge(first, batch); failure != "" {
			return failure
		}
	}
	return ""
}

// judge looks whether an answer is to one of count calls.
func (a *answer) judge(first int64, count int) string {
	if a.Error != nil {
		return fmt.Sprintf("error %d", a.Error.Code)
	}
	id, err := strconv.ParseInt(string(a.ID), 10, 64)
	switch {
	case err != nil || id < first || id >= first+int64(count):
		return "the reply is to another call"
	case a.Result == nil:
		return "the reply has no result"
	}
	return ""
}

// kindOf puts the error of a request into one of few kinds.
func kindOf(err error) string {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, ErrNotLoopback):
		return "the target is not this machine"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection lost"
	}
	return "no connection"
}
