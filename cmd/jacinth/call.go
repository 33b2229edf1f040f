package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/arguments"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

// call is the command of that name.
type call struct {
	remote  remote.Options
	output  *output
	byPlace bool
	notify  bool
	raw     bool
	batch   string // file name, "-" for standard input
}

func newCallCommand() *cobra.Command {
	c := &call{}
	cmd := &cobra.Command{
		Use:     "call URL METHOD [NAME=VALUE... | JSON | @FILE | -]",
		Short:   "Call a method and print its result",
		GroupID: groupCall,
		Long: `Calls a method of a service and prints its result.

URL is the address of the endpoint. Of 127.0.0.1:8000, or :8000 for short, the
rest is added: http:// and /api, and https:// for port 443.

Params are given as NAME=VALUE, and each value is sent as the type that the
service's own description wants: 36 is a number for a param that is a number, and
text for one that is text. A list is given as JSON, or item by item: tags=a
tags=b. A service without a description gets values as JSON where they are JSON,
and as text where not.

  NAME:=JSON   sends the value as it stands, whatever the description says
  NAME=@FILE   takes the value from a file; @- is standard input, @@ a single @
  --pos        takes values by position, in the order that "describe" shows;
               :=JSON and @FILE work there too, and -- goes before a -1
  JSON         is all params at once, an object or an array
  @FILE, -     is the same, from a file or from standard input

A token is read from JACINTH_TOKEN or from the file that --token-file names.

--batch sends the calls that a file has, one a line, {"method":…,"params":…}, in
as many requests as the limits of the service ask for. The file is checked whole
before anything is sent. Answers are printed in the same order, one a line:
{"result":…} or {"error":…}, with the "id" of the line if it has one. A line
{"failure":"…"} says that a call was sent and not answered.

An error of the service goes to standard error with its code, message and data.
The exit code is 0 for a result, 1 for an error of the service, 2 for a command
line that cannot be meant, 3 when there was no answer, or none in JSON-RPC.`,
		Example: `  jacinth call :8000 say_hello name=Ada
  jacinth call :8000 guestbook.sign name=Ada text=@entry.txt
  jacinth call :8000 math.sub --pos 42 23
  jacinth call https://api.example.com/rpc search '{"query":"opals","limit":5}' -o table
  JACINTH_TOKEN=$(pass hello) jacinth call :8000 say_private_hello name=Ada
  jacinth call :8000 --batch calls.jsonl > answers.jsonl`,
		Args: c.words,
		RunE: c.run,
	}
	cmd.ValidArgsFunction = completeCall(&c.remote, &c.byPlace)
	flags := cmd.Flags()
	flags.BoolVar(&c.byPlace, "pos", false, "take the values by position")
	flags.BoolVar(&c.notify, "notify", false, "send notifications, which are not answered")
	flags.StringVar(&c.batch, "batch", "", "send the calls in `FILE`, one a line; - is standard input")
	flags.BoolVar(&c.raw, "raw", false, "print the whole reply as it came, byte for byte")
	c.output = newOutput(cmd, "pretty", "json", "table")
	c.remote.Flags(flags)
	return cmd
}

// words checks what stands behind the command, which depends on --batch.
func (c *call) words(cmd *cobra.Command, given []string) error {
	if c.batch == "" {
		return words(2, -1)(cmd, given)
	}
	if c.byPlace || c.raw || cmd.Flags().Changed("output") {
		return failure.Usagef("--batch prints JSON, one answer a line: --pos, --raw and --output have no meaning with it")
	}
	if len(given) > 1 {
		return failure.Usagef("with --batch, methods and params stand in the file: %q is too much", given[1])
	}
	return words(1, 1)(cmd, given)
}

func (c *call) run(cmd *cobra.Command, given []string) error {
	service, err := c.remote.Service(given[0])
	if err != nil {
		return err
	}
	if c.batch != "" {
		return c.sendBatch(cmd, service)
	}
	method := given[1]
	words, err := arguments.Parse(given[2:], c.byPlace, cmd.InOrStdin())
	if err != nil {
		return err
	}
	var types *arguments.Types
	if words.NeedTypes() {
		if types, err = c.types(cmd, service, method); err != nil {
			return err
		}
	}
	params, err := words.Params(types)
	if err != nil {
		return err
	}
	if c.notify {
		return service.Explain(service.Client().Notify(cmd.Context(), method, optional(params)))
	}
	return c.send(cmd, service, method, params)
}

// send makes the call and prints what comes back.
func (c *call) send(cmd *cobra.Command, service *remote.Service, method string, params json.RawMessage) error {
	if c.raw {
		service.Record()
	}
	var result json.RawMessage
	err := service.Client().Call(cmd.Context(), method, optional(params), &result)
	if c.raw {
		screen, reply := terminal.NewScreen(cmd.OutOrStdout()), string(service.Reply())
		if screen.Terminal && reply != "" {
			reply = terminal.Clean(reply) + "\n" // it may be anything
		}
		if _, failed := io.WriteString(screen, reply); failed != nil {
			return failed
		}
		return err
	}
	if err != nil {
		return service.Explain(err)
	}
	return printResult(terminal.NewScreen(cmd.OutOrStdout()), c.output.format, result)
}

// optional keeps a client from taking params that are not there for some of no bytes.
func optional(params json.RawMessage) any {
	if params == nil {
		return nil
	}
	return params
}

// types asks the service what the params of a method are. It returns nil, and says so, when that cannot be known.
func (c *call) types(cmd *cobra.Command, service *remote.Service, method string) (*arguments.Types, error) {
	description, err := service.Describe(cmd.Context())
	var guessing string
	switch {
	case errors.Is(err, remote.ErrUndescribed) || err == nil && !description.Typed:
		guessing = "the service does not say what its params are"
	case err != nil:
		return nil, err
	case description.Method(method) == nil:
		guessing = "the service tells of no method " + method
	default:
		return &arguments.Types{Document: description.Document, Method: description.Method(method)}, nil
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s, so values are sent as JSON where they are JSON, and as text where not.\n",
		terminal.Clean(guessing))
	return nil, err
}
