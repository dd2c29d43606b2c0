import { CreateEvent1790000000001 } from './1790000000001-CreateEvent.ts';
import { CreateRun1790000000002 } from './1790000000002-CreateRun.ts';
import { CreateRunStep1790000000003 } from './1790000000003-CreateRunStep.ts';
import { CreateProject1790000001000 } from './1790000001000-CreateProject.ts';
import { CreateTag1790000001001 } from './1790000001001-CreateTag.ts';
import { CreateImage1790000001002 } from './1790000001002-CreateImage.ts';
import { CreateImageTag1790000001003 } from './1790000001003-CreateImageTag.ts';
import { CreateUpload1790000001004 } from './1790000001004-CreateUpload.ts';
import { CreateIteration1790000001005 } from './1790000001005-CreateIteration.ts';
import { CreatePublication1790000001006 } from './1790000001006-CreatePublication.ts';
import { CreatePrediction1790000001007 } from './1790000001007-CreatePrediction.ts';
import { CreateApiKey1790000001008 } from './1790000001008-CreateApiKey.ts';
import { CreateApiKeyDigest1790000001009 } from './1790000001009-CreateApiKeyDigest.ts';
import { CreateIdempotentAnswer1790000001010 } from './1790000001010-CreateIdempotentAnswer.ts';
import { CreateServerSecret1790000001011 } from './1790000001011-CreateServerSecret.ts';
import { CreateCachedFeature1790000002001 } from './1790000002001-CreateCachedFeature.ts';
import { CreateShardProgress1790000002002 } from './1790000002002-CreateShardProgress.ts';
import { AddIterationProgressedAt1790000002003 } from './1790000002003-AddIterationProgressedAt.ts';
import { CreateChore1790000002500 } from './1790000002500-CreateChore.ts';
import { CreateRateWindow1790000003000 } from './1790000003000-CreateRateWindow.ts';
import { AddRunTraceParent1790000004000 } from './1790000004000-AddRunTraceParent.ts';
import { AddProjectImageCount1790000004100 } from './1790000004100-AddProjectImageCount.ts';
import { AddProjectUntaggedImageCount1790000004101 } from './1790000004101-AddProjectUntaggedImageCount.ts';
import { AddTagImageCount1790000004102 } from './1790000004102-AddTagImageCount.ts';
import { AddImageIsTagged1790000004103 } from './1790000004103-AddImageIsTagged.ts';
import { IndexTaggedImages1790000004104 } from './1790000004104-IndexTaggedImages.ts';
import { CountImages1790000004109 } from './1790000004109-CountImages.ts';
import { CreateRegion1790000005000 } from './1790000005000-CreateRegion.ts';
import { AddIterationBudgetMinutes1790000005100 } from './1790000005100-AddIterationBudgetMinutes.ts';
import { AddIterationInputSize1790000005101 } from './1790000005101-AddIterationInputSize.ts';
import { AddIterationTrainingCurve1790000005102 } from './1790000005102-AddIterationTrainingCurve.ts';
import { AddIterationComparison1790000005103 } from './1790000005103-AddIterationComparison.ts';
import { AddPublicationIouThreshold1790000005200 } from './1790000005200-AddPublicationIouThreshold.ts';
import { AddPublicationMaxBoxes1790000005201 } from './1790000005201-AddPublicationMaxBoxes.ts';
import { AddProjectExportPlatforms1790000006000 } from './1790000006000-AddProjectExportPlatforms.ts';
import { AddIterationDomainId1790000006001 } from './1790000006001-AddIterationDomainId.ts';
import { AddPublicationResourceId1790000006002 } from './1790000006002-AddPublicationResourceId.ts';
import { AddPredictionApplication1790000006003 } from './1790000006003-AddPredictionApplication.ts';
import { CreateImageMetadata1790000006100 } from './1790000006100-CreateImageMetadata.ts';
import { AddPredictionUncertainty1790000006200 } from './1790000006200-AddPredictionUncertainty.ts';
import { IndexPredictionUncertainty1790000006201 } from './1790000006201-IndexPredictionUncertainty.ts';
import { CreateSuggestion1790000006202 } from './1790000006202-CreateSuggestion.ts';
import { CreateSuggestedTag1790000006203 } from './1790000006203-CreateSuggestedTag.ts';
import { CreateExport1790000006300 } from './1790000006300-CreateExport.ts';
import { AddProjectStatus1790000006400 } from './1790000006400-AddProjectStatus.ts';
import { CreateProjectImport1790000006401 } from './1790000006401-CreateProjectImport.ts';
import { AddIterationIsTiled1790000006500 } from './1790000006500-AddIterationIsTiled.ts';
import { AddImportIterations1790000006501 } from './1790000006501-AddImportIterations.ts';
import { AddProjectNotificationUrl1790000006402 } from './1790000006402-AddProjectNotificationUrl.ts';
import { AddProjectNotificationSecret1790000006403 } from './1790000006403-AddProjectNotificationSecret.ts';
import { CreateNotification1790000006404 } from './1790000006404-CreateNotification.ts';
import { WidenImageMetadata1790000006600 } from './1790000006600-WidenImageMetadata.ts';

/** Every migration, oldest first. */
export const migrations = [
  CreateEvent1790000000001,
  CreateRun1790000000002,
  CreateRunStep1790000000003,
  CreateProject1790000001000,
  CreateTag1790000001001,
  CreateImage1790000001002,
  CreateImageTag1790000001003,
  CreateUpload1790000001004,
  CreateIteration1790000001005,
  CreatePublication1790000001006,
  CreatePrediction1790000001007,
  CreateApiKey1790000001008,
  CreateApiKeyDigest1790000001009,
  CreateIdempotentAnswer1790000001010,
  CreateServerSecret1790000001011,
  CreateCachedFeature1790000002001,
  CreateShardProgress1790000002002,
  AddIterationProgressedAt1790000002003,
  CreateChore1790000002500,
  CreateRateWindow1790000003000,
  AddRunTraceParent1790000004000,
  AddProjectImageCount1790000004100,
  AddProjectUntaggedImageCount1790000004101,
  AddTagImageCount1790000004102,
  AddImageIsTagged1790000004103,
  IndexTaggedImages1790000004104,
  CountImages1790000004109,
  CreateRegion1790000005000,
  AddIterationBudgetMinutes1790000005100,
  AddIterationInputSize1790000005101,
  AddIterationTrainingCurve1790000005102,
  AddIterationComparison1790000005103,
  AddPublicationIouThreshold1790000005200,
  AddPublicationMaxBoxes1790000005201,
  AddProjectExportPlatforms1790000006000,
  AddIterationDomainId1790000006001,
  AddPublicationResourceId1790000006002,
  AddPredictionApplication1790000006003,
  CreateImageMetadata1790000006100,
  AddPredictionUncertainty1790000006200,
  IndexPredictionUncertainty1790000006201,
  CreateSuggestion1790000006202,
  CreateSuggestedTag1790000006203,
  CreateExport1790000006300,
  AddProjectStatus1790000006400,
  CreateProjectImport1790000006401,
  AddProjectNotificationUrl1790000006402,
  AddProjectNotificationSecret1790000006403,
  CreateNotification1790000006404,
  AddIterationIsTiled1790000006500,
  AddImportIterations1790000006501,
  WidenImageMetadata1790000006600,
];
