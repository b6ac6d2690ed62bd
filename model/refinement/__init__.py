"""Every step of a model of Raft is some steps of the proved protocol, and so keeps what is proved of it.

`history` takes the loose steps beside another model; `figure2` says which they are for the published specification,
`deployed` for Raft with memory and disks, `handlers` for `abstract`.
"""
