//go:build tools

// Package tools pins FerretDB to one release.
package tools

import _ "github.com/FerretDB/FerretDB/cmd/ferretdb"
