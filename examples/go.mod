module github.com/jacinth-rpc/jacinth/examples

go 1.26.0

require github.com/jacinth-rpc/jacinth v0.0.0

replace github.com/jacinth-rpc/jacinth => ../
