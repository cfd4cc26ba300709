// Tests of ours use what the library offers to tests of others.
@_exported public import PipelineTesting
