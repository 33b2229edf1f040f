package main

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

// printResult prints the result of a call in one of the formats of "call".
func printResult(screen *terminal.Screen, format string, result json.RawMessage) error {
	var text string
	switch format {
	case "json":
		text = screen.CompactJSON(result)
	case "table":
		if table, ok := resultTable(result); ok {
			return screen.Table(table)
		}
		fallthrough // a result that has no rows
	default:
		text = screen.JSON(result)
	}
	_, err := io.WriteString(screen, text+"\n")
	return err
}

// resultTable makes a table of a list, a row for each item, or of an object, a row for each member. It reports whether
// there is anything to put into rows.
func resultTable(result json.RawMessage) (terminal.Table, bool) {
	if members, ok := membersOf(result); ok {
		table := terminal.Table{Heading: []string{"MEMBER", "VALUE"}}
		for _, m := range members {
			table.Rows = append(table.Rows, []string{terminal.Line(m.name), cell(m.value)})
		}
		return table, len(members) > 0
	}
	var items []json.RawMessage
	if json.Unmarshal(result, &items) != nil || len(items) == 0 {
		return terminal.Table{}, false
	}
	table := terminal.Table{}
	var columns []string
	places := map[string]int{} // the column of a member
	for _, item := range items {
		members, _ := membersOf(item)
		for _, m := range members {
			if _, known := places[m.name]; !known {
				places[m.name] = len(columns)
				columns = append(columns, m.name)
			}
		}
	}
	for _, name := range columns {
		table.Heading = append(table.Heading, terminal.Line(name))
	}
	bare := -1 // the column of items that are no objects
	for _, item := range items {
		members, isObject := membersOf(item)
		if !isObject && bare < 0 {
			bare = len(table.Heading)
			table.Heading = append(table.Heading, "VALUE")
		}
		row := make([]string, len(columns)+1)
		if !isObject {
			row[bare] = cell(item)
		}
		for _, m := range members {
			row[places[m.name]] = cell(m.value)
		}
		table.Rows = append(table.Rows, row)
	}
	for i := range table.Rows {
		table.Rows[i] = table.Rows[i][:len(table.Heading)]
	}
	return table, len(table.Heading) > 0
}

// member is one of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns the members of an object in the order in which they came, and whether raw is one.
func membersOf(raw json.RawMessage) ([]member, bool) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, false
	}
	var members []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, false
		}
		m := member{name: name.(string)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, false
		}
		members = append(members, m)
	}
	return members, true
}

// cell is a value as it stands in a table: text without quotes, nothing for null.
func cell(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil { // null too
		return terminal.Line(s)
	}
	return terminal.Line(terminal.CompactJSON(value))
}
