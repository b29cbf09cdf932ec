// k6 as this project builds it: the pinned release, and a place to import extensions.
package main

import "go.k6.io/k6/v2/cmd"

func main() {
	cmd.Execute()
}
