package interop_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/ybbus/jsonrpc/v3"
)

// callWithYbbus makes a caller of ybbus/jsonrpc's client. Its ids are integers, that of each single call 0, and it has
// no notifications.
func callWithYbbus(t *testing.T, url, token string) caller {
	options := &jsonrpc.RPCClientOpts{HTTPClient: newHTTPClient(t, "")}
	if token != "" {
		options.CustomHeaders = map[string]string{"X-Api-Token": token}
	}
	client := jsonrpc.NewClientWithOpts(url, options)
	return caller{
		call: func(method string, params any) outcome {
			var response *jsonrpc.RPCResponse
			var err error
			if params == nil {
				response, err = client.Call(t.Context(), method)
			} else {
				response, err = client.Call(t.Context(), method, params)
			}
			if err != nil {
				return outcome{broken: err}
			}
			return fromYbbus(response)
		},
		batch: func(requests []request) []outcome {
			var sent jsonrpc.RPCRequests
			for _, r := range requests {
				sent = append(sent, &jsonrpc.RPCRequest{Method: r.Method, Params: r.Params})
			}
			outcomes := make([]outcome, len(requests))
			responses, err := client.CallBatch(t.Context(), sent)
			for i := range outcomes {
				switch response := responses.GetByID(i); {
				case err != nil:
					outcomes[i].broken = err
				case response == nil:
					outcomes[i].broken = errors.New("no reply has this id")
				default:
					outcomes[i] = fromYbbus(response)
				}
			}
			return outcomes
		},
	}
}

func fromYbbus(response *jsonrpc.RPCResponse) outcome {
	var got outcome
	got.Result, _ = json.Marshal(response.Result)
	if e := response.Error; e != nil {
		got.Error = &failure{Code: e.Code, Message: e.Message}
		got.Error.Data, _ = json.Marshal(e.Data)
	}
	return got
}

func TestService_answersYbbus(t *testing.T) { testService(t, callWithYbbus) }
