//go:build tools

// Package tools pins Helm to one release.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
