// Package libpf stands in for the profiler's package of that name: what Elasticsearch's exporter calls of it for profiles, a signal that no test sends.
package libpf

const unused = "profiles are not taken here"

type FileID struct{}

func NewFileID(_, _ uint64) FileID              { panic(unused) }
func FileIDFromBytes(_ []byte) (FileID, error)  { panic(unused) }
func FileIDFromString(_ string) (FileID, error) { panic(unused) }
func (FileID) Base64() string                   { panic(unused) }
func (FileID) Bytes() []byte                    { panic(unused) }
func (FileID) IsZero() bool                     { panic(unused) }

type AddressOrLineno uint64

type FrameType uint8

func FrameTypeFromString(_ string) FrameType { panic(unused) }
func (FrameType) IsError() bool              { panic(unused) }
