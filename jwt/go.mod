module github.com/jacinth-rpc/jacinth/jwt

go 1.26.0

require (
	github.com/MicahParks/jwkset v0.11.4
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/jacinth-rpc/jacinth v0.0.0
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace github.com/jacinth-rpc/jacinth => ../
