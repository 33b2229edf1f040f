package jacinth

import (
	"fmt"
	"strings"
)

// curl is a shell command that calls the method with made-up params.
func (m *registered) curl(url string) string {
	params := ""
	if m.typed != nil {
		if example := m.typed.example(); example != nil {
			params = `,"params":` + string(example)
		}
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q%s}`, m.Name, params)
	return fmt.Sprintf("curl %s -H 'Content-Type: application/json' -d '%s'", url, strings.ReplaceAll(body, "'", `'\''`))
}
