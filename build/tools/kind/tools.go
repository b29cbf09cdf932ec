//go:build tools

// Package tools pins kind to one release.
package tools

import _ "sigs.k8s.io/kind"
