module github.com/jacinth-rpc/jacinth/cmd/jacinth

go 1.26.0

require github.com/jacinth-rpc/jacinth v0.0.0

require github.com/go-json-experiment/json v1.27.2 // indirect

replace github.com/jacinth-rpc/jacinth => ../../
